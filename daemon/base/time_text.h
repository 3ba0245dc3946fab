// Times and durations as people and documents write them. RFC 3339 in UTC with milliseconds for output.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::string format_rfc3339(std::int64_t wall_ms);  // 2026-03-01T12:00:00.000Z
// RFC 3339 section 5.6, any offset, any number of fraction digits (cut to ms), 'T', 't' or a space between
// date and time; an offset is required unless `assume_utc`. Leap seconds (":60") count as the following
// second.
std::optional<std::int64_t> parse_rfc3339(std::string_view text, bool assume_utc = false);
std::string format_duration(std::int64_t ms);  // 350ms 12s 4m10s 3h2m 5d3h

}  // namespace sluice
