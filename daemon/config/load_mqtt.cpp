// mqtt: the broker, and how we are known to it.
#include <algorithm>
#include <charconv>

#include "config/names.h"
#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kClientIdBytesMax = 256;
constexpr const char* kBrokerExpected = "expected mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS";

bool is_host(const std::string& host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return host.find_first_not_of("0123456789abcdefABCDEF:.", 1) == host.size() - 1;
  }
  return !host.empty() && host.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789-._") == std::string::npos;
}

// Checks the address and completes it with the port that its scheme stands for.
void load_broker(MapReader& mqtt, std::string& uri) {
  std::string named;
  if (!mqtt.text("broker", named)) return;
  std::size_t after_scheme = named.find("://");
  std::string scheme = after_scheme == std::string::npos ? "" : named.substr(0, after_scheme);
  if (scheme != "mqtt" && scheme != "mqtts") {
    bool bare = after_scheme == std::string::npos && named.find('@') == std::string::npos;
    std::string meant = scheme == "tcp" ? "mqtt" : scheme == "ssl" || scheme == "tls" ? "mqtts" : "";
    std::string rest = bare ? named : named.substr(std::min(named.size(), after_scheme + 3));
    bool suggest = named.find('@') == std::string::npos && (bare || !meant.empty());
    mqtt.wrong("broker", "is an address without the scheme mqtt or mqtts", kBrokerExpected,
               suggest ? (bare ? "mqtt" : meant) + "://" + rest : "");
    return;
  }
  std::string place = named.substr(after_scheme + 3);
  if (place.find('@') != std::string::npos) {
    // Not repeated here: it may be a password.
    mqtt.wrong("broker", "carries a user name or password",
               std::string(kBrokerExpected) + ", the name in mqtt.username and the password in a file");
    return;
  }
  if (!place.empty() && place.back() == '/') place.pop_back();
  std::size_t colon = place.find(':', place.rfind(']') == std::string::npos ? 0 : place.rfind(']'));
  std::string host = place.substr(0, colon);
  std::string port = scheme == "mqtts" ? "8883" : "1883";
  if (colon != std::string::npos) {
    port = place.substr(colon + 1);
    int number = 0;
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number < 1 || number > 65535) {
      mqtt.wrong("broker", "has the port " + in_quotes(port), "expected a port from 1 to 65535");
      return;
    }
  }
  if (!is_host(host)) {
    mqtt.wrong("broker", "has the host " + in_quotes(host), kBrokerExpected);
    return;
  }
  uri = scheme + "://" + host + ":" + port;
}

void load_tls(MapReader& mqtt, BrokerSettings& broker) {
  mqtt.map("tls", [&](MapReader& tls) {
    load_tls_files(tls, broker.tls_ca_file, broker.tls_cert_file, broker.tls_key_file);
  });
  bool any = !broker.tls_ca_file.empty() || !broker.tls_cert_file.empty() || !broker.tls_key_file.empty();
  if (any && mqtt.clean() && !broker.uri.starts_with("mqtts://")) {
    mqtt.wrong("tls", "is given, but mqtt.broker does not use TLS",
               "expected a broker mqtts://HOST:PORT, or no tls");
  }
}

}  // namespace

void load_tls_files(MapReader& tls, std::string& ca, std::string& cert, std::string& key) {
  tls.file("ca", ca);
  tls.file("cert", cert);
  tls.private_file("key", key);
  if (cert.empty() == key.empty() || !tls.clean()) return;
  tls.wrong(cert.empty() ? "key" : "cert", std::string("is given without ") + (cert.empty() ? "cert" : "key"),
            "expected both cert and key, or neither");
}

void load_mqtt(MapReader& root, Settings& settings) {
  BrokerSettings& broker = settings.mqtt;
  broker.client_id = "sluice-" + settings.gateway.id;
  root.map("mqtt", [&](MapReader& mqtt) {
    load_broker(mqtt, broker.uri);
    if (mqtt.text("client_id", broker.client_id) &&
        (broker.client_id.empty() || broker.client_id.size() > kClientIdBytesMax)) {
      mqtt.wrong("client_id", "has " + std::to_string(broker.client_id.size()) + " bytes",
                 "expected 1 to 256, because the broker keeps the session under this name");
    }
    mqtt.choice("protocol", broker.protocol, protocol_words());
    mqtt.seconds("keepalive", broker.keepalive, seconds(5), hours(1));
    mqtt.seconds("session_expiry", broker.session_expiry, minutes(1), hours(24 * 365));
    mqtt.duration("heartbeat", broker.heartbeat, milliseconds(100), minutes(1));
    mqtt.number("receive_maximum", broker.receive_maximum, 1, 65535);
    std::uint64_t max_payload = broker.max_payload_bytes;
    mqtt.size("max_payload", max_payload, 64, 16 << 20);
    broker.max_payload_bytes = static_cast<std::uint32_t>(max_payload);
    mqtt.text("username", broker.username);
    mqtt.secret("password_file", broker.password_file);
    if (!broker.password_file.empty() && broker.username.empty()) {
      mqtt.absent({"username"}, "password_file", "is given without a user name",
                  "expected mqtt.username too");
    }
    for (const char* word : {"user", "login"}) mqtt.also_called(word, "username");
    for (const char* word : {"password", "pass", "passwd"}) mqtt.also_called(word, "password_file");
    for (const char* word : {"host", "server", "url", "uri", "address"}) mqtt.also_called(word, "broker");
    load_tls(mqtt, broker);
  });
}

}  // namespace sluice
