// Each mistake that people make with TLS is refused, and the sentence says which it was: for the HTTP client
// and for both connections to the broker.
#include <gtest/gtest.h>

#include "integration/link_recorder.h"
#include "io/http_client.h"
#include "io/mqtt_publisher.h"
#include "io/paho_broker_link.h"
#include "support/certificates.h"
#include "support/eventually.h"
#include "support/http_receiver.h"
#include "support/mosquitto.h"

namespace sluice {
namespace {

using test::HttpReceiver;
using test::Mosquitto;

constexpr const char* kNotTrusted = "not signed by an authority that we trust";
constexpr const char* kExpired = "has expired";
constexpr const char* kNotYetValid = "is not valid yet";
constexpr const char* kOtherHost = "is for another host name";
constexpr const char* kOld = "does not speak TLS 1.2 or newer";
constexpr const char* kNoClientCertificate = "wants a client certificate";
constexpr const char* kOtherKey = "is not the key of the certificate";
constexpr const char* kUnknownClient = "does not know the authority that signed our client certificate";
constexpr const char* kPlain = "does not speak TLS on this port";
constexpr const char* kHandshake = "check that the other side speaks TLS on this port";

class TlsMistake : public ::testing::Test {
 protected:
  void SetUp() override {
    certificates_.make("server", "IP:127.0.0.1");
    certificates_.make("elsewhere", "DNS:elsewhere.example");
    certificates_.make("expired", "IP:127.0.0.1", -48, -1);
    certificates_.make("early", "IP:127.0.0.1", 24, 48);
    certificates_.make("client", "DNS:gateway");
  }
  HttpReceiver::Tls receiver(const std::string& name) const {
    return {certificates_.crt(name), certificates_.key(name)};
  }
  Mosquitto::Options broker(const std::string& name, const std::string& more = "") const {
    return {.listener = "cafile " + certificates_.crt("ca") + "\ncertfile " + certificates_.crt(name) +
                        "\nkeyfile " + certificates_.key(name) + "\n" + more};
  }
  TlsFiles files(const std::string& ca = "ca", const std::string& cert = "",
                 const std::string& key = "") const {
    return {ca.empty() ? "" : certificates_.crt(ca), cert.empty() ? "" : certificates_.crt(cert),
            key.empty() ? "" : certificates_.key(key)};
  }
  // What a request comes to; "" is fine.
  static std::string http(const HttpReceiver::Tls& tls, const TlsFiles& files) {
    HttpReceiver receiver([](const auto&) { return test::Reply{}; }, tls);
    HttpClient client;
    HttpCall call;
    call.url = "https://me:hunter2@127.0.0.1:" + std::to_string(receiver.port()) + "/hunter2?x=hunter2";
    call.tls = files;
    auto answer = client.request(call);
    if (answer.ok()) return "";
    EXPECT_TRUE(answer.error().code == ErrorCode::kRefused || answer.error().code == ErrorCode::kInvalid);
    EXPECT_EQ(std::string::npos, answer.error().context.find("hunter2")) << answer.error().context;
    return answer.error().context;
  }
  // What the two connections to a broker come to.
  static std::string link(int port, const TlsFiles& files) {
    BrokerSettings s = settings(port, files);
    test::LinkRecorder events;
    PahoBrokerLink link(s, events);
    if (Status started = link.connect(); !started) return started.error().context;
    if (!test::eventually([&] { return !events.all().empty(); })) return "timeout";
    return events.all().front().text;
  }
  static std::string publisher(int port, const TlsFiles& files) {
    MqttPublisher publisher(settings(port, files), "gw");
    Status connected = publisher.connect(std::chrono::seconds(5));
    return connected ? "" : connected.error().context;
  }
  static BrokerSettings settings(int port, const TlsFiles& files) {
    BrokerSettings s;
    s.uri = "mqtts://127.0.0.1:" + std::to_string(port);
    s.client_id = "gw";
    s.tls_ca_file = files.ca;
    s.tls_cert_file = files.cert;
    s.tls_key_file = files.key;
    return s;
  }
  static void expect_said(const char* words, const std::string& sentence) {
    EXPECT_NE(std::string::npos, sentence.find(words)) << words << "; " << sentence;
  }
  static void expect_both(const char* words, int port, const TlsFiles& files) {
    expect_said(words, link(port, files));
    expect_said(words, publisher(port, files));
  }
  test::Certificates certificates_;
};

TEST_F(TlsMistake, IsNoneWhenAllIsRight) {
  EXPECT_EQ("", http(receiver("server"), files()));
  HttpReceiver::Tls mutual = receiver("server");
  mutual.client_ca = certificates_.crt("ca");
  EXPECT_EQ("", http(mutual, files("ca", "client", "client")));
}

TEST_F(TlsMistake, IsNamedByTheHttpClient) {
  expect_said(kNotTrusted, http(receiver("server"), files("other")));
  expect_said(kNotTrusted, http(receiver("server"), files("")));
  expect_said(kExpired, http(receiver("expired"), files()));
  expect_said(kNotYetValid, http(receiver("early"), files()));
  expect_said(kOtherHost, http(receiver("elsewhere"), files()));
  HttpReceiver::Tls old = receiver("server");
  old.only_old = true;
  expect_said(kOld, http(old, files()));
  HttpReceiver::Tls mutual = receiver("server");
  mutual.client_ca = certificates_.crt("ca");
  expect_said(kNoClientCertificate, http(mutual, files()));
  expect_said(kOtherKey, http(mutual, files("ca", "client", "server")));
  mutual.client_ca = certificates_.crt("other");
  expect_said(kUnknownClient, http(mutual, files("ca", "client", "client")));
  expect_said(kPlain, http({}, files()));
}

TEST_F(TlsMistake, IsNamedByTheConnectionsToTheBroker) {
  Mosquitto good(broker("server"));
  expect_both(kNotTrusted, good.port(), files("other"));
  expect_both(kNotTrusted, good.port(), files(""));
  expect_both(kOtherKey, good.port(), files("ca", "client", "server"));
  EXPECT_EQ("", publisher(good.port(), files()));
  expect_both(kExpired, Mosquitto(broker("expired")).port(), files());
  expect_both(kNotYetValid, Mosquitto(broker("early")).port(), files());
  expect_both(kOtherHost, Mosquitto(broker("elsewhere")).port(), files());
  Mosquitto mutual(broker("server", "require_certificate true\n"));
  expect_both(kNoClientCertificate, mutual.port(), files());
  EXPECT_EQ("", publisher(mutual.port(), files("ca", "client", "client")));
  expect_both(kHandshake, Mosquitto().port(), files());
  HttpReceiver::Tls old_settings = receiver("server");
  old_settings.only_old = true;
  HttpReceiver old([](const auto&) { return test::Reply{}; }, old_settings);
  expect_both(kOld, old.port(), files());
}

}  // namespace
}  // namespace sluice
