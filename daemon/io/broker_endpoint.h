// What both MQTT connections need to reach a broker and to say in words why they could not. Free of Paho.
// Any thread; why_unreachable() may block for seven seconds.
#pragma once

#include <string>

#include "base/result.h"
#include "model/http_exchange.h"

namespace sluice {

struct BrokerEndpoint {
  std::string host;
  int port = 0;
  bool tls = false;
  std::string paho_uri;      // tcp://… or ssl://…
  std::string name() const;  // host:port
};

Result<BrokerEndpoint> parse_broker_uri(const std::string& uri);  // mqtt://host[:port], mqtts://host[:port]
Status check_readable(const std::string& key, const std::string& path);  // "" is fine

// The reason code of a refused connection, in words. MQTT 3.1.1 codes are 1…5, those of MQTT 5 from 128 on.
std::string refusal_text(int code);
// After a failed attempt: tries the TCP connection itself and says what is wrong with it, or what else to
// check.
std::string why_unreachable(const BrokerEndpoint& endpoint, const TlsFiles& files = {});

}  // namespace sluice
