// Times found in payloads, in Unix milliseconds. Finer digits are cut off. What lies outside 1970…9999 is no
// time.
//
// TimeFormat::kAuto tells the unit of a number by its size; each range is 1973-03-03 … 2286-11-20:
//   [1e8, 1e10) seconds   [1e11, 1e13) milliseconds   [1e14, 1e16) microseconds   [1e17, 1e19) nanoseconds
// The gaps are no time: a sensor that counts seconds since it was switched on is not taken for a clock. A
// string is RFC 3339 with an offset, or such a number. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "decode/decode_settings.h"

namespace sluice {

std::optional<std::int64_t> time_of_integer(std::int64_t number, TimeFormat format);
std::optional<std::int64_t> time_of_real(double number, TimeFormat format);
std::optional<std::int64_t> time_of_text(std::string_view text, TimeFormat format);

}  // namespace sluice
