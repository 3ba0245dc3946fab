#include <gtest/gtest.h>

#include <cstdlib>

#include "integration/link_recorder.h"
#include "io/mqtt_publisher.h"
#include "io/paho_broker_link.h"
#include "support/mosquitto.h"

namespace sluice {
namespace {

using test::LinkRecorder;
using test::Mosquitto;

// A broker with a certificate for 127.0.0.1, and an authority that did not sign it.
class TlsBroker : public ::testing::Test {
 protected:
  void SetUp() override {
    authority("ca");
    authority("other");
    certificate("server", "IP:127.0.0.1");
    certificate("elsewhere", "DNS:elsewhere.example");
    certificate("client", "DNS:gateway");
  }
  void openssl(const std::string& command) {
    std::string line = "cd " + folder_.path().string() + " && openssl " + command + " >/dev/null 2>&1";
    ASSERT_EQ(0, std::system(line.c_str())) << command;
  }
  void authority(const std::string& name) {
    openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name +
            " -keyout " + name + ".key -out " + name + ".crt");
  }
  void certificate(const std::string& name, const std::string& alternative) {
    openssl("req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name + " -keyout " + name +
            ".key -out " + name + ".csr");
    folder_.write(name + ".ext", "subjectAltName=" + alternative + "\n");
    openssl("x509 -req -in " + name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile " +
            name + ".ext -out " + name + ".crt");
  }
  std::string listener(const std::string& name) {
    return "cafile " + folder_.file("ca.crt") + "\ncertfile " + folder_.file(name + ".crt") + "\nkeyfile " +
           folder_.file(name + ".key") + "\n";
  }
  static BrokerSettings settings(const Mosquitto& broker, const std::string& ca) {
    BrokerSettings s;
    s.uri = "mqtts://127.0.0.1:" + std::to_string(broker.port());
    s.client_id = "gw";
    s.tls_ca_file = ca;
    return s;
  }
  // What connecting each of the two ways comes to; "" is fine.
  static std::string link_error(const BrokerSettings& s) {
    LinkRecorder events;
    PahoBrokerLink link(s, events);
    if (Status started = link.connect(); !started) return started.error().context;
    if (!test::eventually([&] { return !events.all().empty(); })) return "timeout";
    return events.all().front().text;
  }
  static std::string publisher_error(const BrokerSettings& s) {
    MqttPublisher publisher(s, "gw");
    Status connected = publisher.connect(std::chrono::seconds(5));
    return connected ? "" : connected.error().context;
  }
  test::TempFolder folder_;
};

TEST_F(TlsBroker, IsBelievedWhenItsAuthorityIsOurs) {
  Mosquitto broker({.listener = listener("server")});
  for (int protocol : {3, 5}) {
    BrokerSettings s = settings(broker, folder_.file("ca.crt"));
    s.protocol = protocol;
    EXPECT_EQ("", link_error(s));
    EXPECT_EQ("", publisher_error(s));
  }
}

TEST_F(TlsBroker, IsNotBelievedWithAnotherAuthorityOrForAnotherHost) {
  Mosquitto broker({.listener = listener("server")});
  Mosquitto elsewhere({.listener = listener("elsewhere")});
  for (const BrokerSettings& s : {settings(broker, folder_.file("other.crt")), settings(broker, ""),
                                  settings(elsewhere, folder_.file("ca.crt"))}) {
    EXPECT_NE(std::string::npos, link_error(s).find("TLS failed")) << link_error(s);
    EXPECT_NE(std::string::npos, publisher_error(s).find("TLS")) << publisher_error(s);
  }
}

TEST_F(TlsBroker, WantsAClientCertificate) {
  Mosquitto broker({.listener = listener("server") + "require_certificate true\n"});
  BrokerSettings s = settings(broker, folder_.file("ca.crt"));
  EXPECT_NE("", link_error(s));
  s.tls_cert_file = folder_.file("client.crt");
  s.tls_key_file = folder_.file("client.key");
  EXPECT_EQ("", link_error(s));
  EXPECT_EQ("", publisher_error(s));
}

TEST_F(TlsBroker, NeedsFilesThatCanBeRead) {
  Mosquitto broker({.listener = listener("server")});
  BrokerSettings s = settings(broker, folder_.file("none.crt"));
  EXPECT_NE(std::string::npos, link_error(s).find("mqtt.tls.ca " + folder_.file("none.crt")));
}

TEST_F(TlsBroker, IsNoPlainBroker) {
  Mosquitto plain;
  BrokerSettings s = settings(plain, folder_.file("ca.crt"));
  EXPECT_NE(std::string::npos, link_error(s).find("TLS failed"));
}

}  // namespace
}  // namespace sluice
