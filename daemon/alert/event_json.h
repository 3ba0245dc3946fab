// The published form of an AlertEvent: one JSON object, times RFC 3339 UTC with ms, members in the documented
// order.
#pragma once

#include <string>
#include <vector>

#include "model/alert_event.h"

namespace sluice {

// `note`: for lists of alerts, a member more that is for people; absent where it is empty.
std::string event_to_json(const AlertEvent& event, const std::string& gateway, const std::string& note = "");
std::vector<std::string> flag_names(std::uint32_t alert_flags);

}  // namespace sluice
