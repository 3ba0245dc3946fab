// What the broker may hold of us between two lives of the daemon: an MQTT session (MQTT 5, 4.1; 3.1.1, 4.1)
// keeps its subscriptions, also those that the configuration no longer has.
#pragma once

#include <string>
#include <vector>

namespace sluice {

struct BrokerSession {
  std::string client_id;  // empty: none was ever asked for
  std::vector<std::string> filters;
  bool operator==(const BrokerSession&) const = default;
};

}  // namespace sluice
