// The oracle: looks at the end of a run, when everything has been delivered, and says which promises were
// broken. It knows what was published and what the outside world received, and computes the rest the plain
// way.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/world.h"

namespace sluice::sim {

struct Evidence {
  SimGateway& gateway;
  const GatewaySettings& settings;
  const std::vector<Sent>& sent;
  const SimReceiver& receiver;
  const SimUpstream& upstream;
  const std::map<std::string, BootClock>& boots;
  const History& history;
  std::int64_t now_ms;
  std::uint64_t written_bytes;  // to the disk
};

std::vector<std::string> check_promises(const Evidence& evidence);  // a line for each that was broken

}  // namespace sluice::sim
