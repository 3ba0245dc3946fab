// The published form of an AlertEvent: one JSON object, times RFC 3339 UTC with ms, members in the documented
// order.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/alert_event.h"

namespace sluice {

// `note`: for lists of alerts, a member more that is for people; absent where it is empty.
std::string event_to_json(const AlertEvent& event, const std::string& gateway, const std::string& note = "");
Result<AlertEvent> event_from_json(
    std::string_view text);  // what event_to_json wrote; `channels` stays empty
std::vector<std::string> flag_names(std::uint32_t alert_flags);

}  // namespace sluice
