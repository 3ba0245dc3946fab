// A time as people give it, on a command line or in the query of a URL: 2026-03-01, which is its first
// instant, or RFC 3339 (base/time_text.h); UTC where it names no offset. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

std::optional<std::int64_t> parse_time_argument(std::string_view text);
inline constexpr const char* kTimeArgumentExpected = "expected 2026-03-01 or 2026-03-01T12:00:00Z";

}  // namespace sluice
