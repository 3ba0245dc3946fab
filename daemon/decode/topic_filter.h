// MQTT topic filters (MQTT 5.0 section 4.7): `+` one level, `#` the rest, `$` topics match no leading
// wildcard.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

Status check_topic_filter(std::string_view filter);  // why it is not a filter
bool topic_matches(std::string_view filter, std::string_view topic);
bool filter_covers(std::string_view wide, std::string_view narrow);  // every topic of narrow is one of wide
bool filters_overlap(std::string_view one, std::string_view other);  // some topic is of both

}  // namespace sluice
