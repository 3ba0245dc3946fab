#include "io/broker_endpoint.h"

#include <gtest/gtest.h>

#include "support/mosquitto.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

TEST(BrokerUri, GivesHostPortAndTls) {
  BrokerEndpoint plain = parse_broker_uri("mqtt://127.0.0.1:1884").value();
  EXPECT_EQ("127.0.0.1", plain.host);
  EXPECT_EQ(1884, plain.port);
  EXPECT_FALSE(plain.tls);
  EXPECT_EQ("tcp://127.0.0.1:1884", plain.paho_uri);
  EXPECT_EQ("ssl://broker.local:8883", parse_broker_uri("mqtts://broker.local").value().paho_uri);
  EXPECT_EQ("tcp://broker.local:1883", parse_broker_uri("mqtt://broker.local/").value().paho_uri);
  EXPECT_EQ("tcp://[::1]:77", parse_broker_uri("mqtt://[::1]:77").value().paho_uri);
  EXPECT_EQ("::1", parse_broker_uri("mqtt://[::1]").value().host);
}

TEST(BrokerUri, IsRefusedWithWhatToWrite) {
  for (const char* wrong :
       {"", "127.0.0.1", "tcp://x", "http://x", "mqtt://", "mqtt://x:", "mqtt://x:0", "mqtt://x:65536",
        "mqtt://x:1a", "mqtt://[::1", "mqtt://[::1]1883", "mqtt://user@host", "mqtt://a/b"}) {
    Result<BrokerEndpoint> parsed = parse_broker_uri(wrong);
    ASSERT_FALSE(parsed.ok()) << wrong;
    EXPECT_NE(std::string::npos, parsed.error().context.find("mqtt://host[:port]")) << wrong;
  }
}

TEST(AnUnreachableBroker, IsExplained) {
  BrokerEndpoint endpoint{"127.0.0.1", test::free_port(), false, ""};
  EXPECT_NE(std::string::npos, why_unreachable(endpoint).find("refused"));
  endpoint.host = "no-such-host.invalid";
  EXPECT_NE(std::string::npos, why_unreachable(endpoint).find("resolve"));
}

}  // namespace
}  // namespace sluice
