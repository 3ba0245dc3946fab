// Durations, sizes and times of day as a configuration writes them: 500ms 10s 5m 2h 7d, 64MiB, 00:15. One
// whole number and one unit; what describe() writes, the loaders read back.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
std::string duration_text(std::chrono::milliseconds duration);  // exact: the largest unit that divides it

// The right spelling of what people write: 10 → 10s, 5min → 5m, 1.5h → 90m, 1h30m → 90m; or nothing.
std::string meant_duration(std::string_view text);
std::string meant_size(std::string_view text);  // 16MB → 16MiB, 1.5 GB → 1536MiB

std::optional<std::uint64_t> parse_size(std::string_view text);  // bytes
std::string size_text(std::uint64_t bytes);                      // exact

std::optional<int> parse_time_of_day(std::string_view text);  // HH:MM → minutes past midnight
std::string time_of_day_text(int minutes);

}  // namespace sluice
