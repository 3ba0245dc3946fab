#include "drivers/w1/thermometer.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string>

namespace sluice::drivers {

namespace {

constexpr std::string_view kFamilies[] = {"10", "22", "28", "3b", "42"};
constexpr std::size_t kIdLength = 15;  // family, '-', 48 bits in hex
constexpr int kPowerOnMdeg = 85'000;
constexpr int kNeighbourMdeg = 10'000;
constexpr int kMinMdeg = -55'000;
constexpr int kMaxMdeg = 125'000;

Result<int> in_range(std::string_view text) {
  int value_mdeg = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value_mdeg);
  if (error != std::errc() || end != text.data() + text.size())
    return make_error(ErrorCode::kCorrupt, "'" + std::string(text) + "' is no temperature");
  if (value_mdeg < kMinMdeg || value_mdeg > kMaxMdeg)
    return make_error(ErrorCode::kCorrupt,
                      "the sensor says " + std::to_string(value_mdeg) +
                          " thousandths of °C, which it cannot measure; check its power");
  return value_mdeg;
}

}  // namespace

bool is_thermometer(std::string_view id) {
  auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return id.size() == kIdLength && id[2] == '-' && std::all_of(id.begin() + 3, id.end(), is_hex) &&
         std::find(std::begin(kFamilies), std::end(kFamilies), id.substr(0, 2)) != std::end(kFamilies);
}

Result<int> parse_w1_slave(std::string_view text) {
  std::size_t line_end = text.find('\n');
  std::string_view checked = text.substr(0, line_end);
  std::size_t value_at = text.rfind("t=");
  if (line_end == std::string_view::npos || value_at == std::string_view::npos || value_at < line_end)
    return make_error(ErrorCode::kCorrupt, "an answer of two lines with t= was expected");
  // After a wrong checksum the second line repeats what was right before.
  if (!checked.ends_with(" YES"))
    return make_error(ErrorCode::kCorrupt,
                      "the checksum is wrong; check the wiring and the pull-up resistor");
  // A data line that is shorted to ground reads as zeros, whose checksum is zero.
  if (checked.starts_with("00 00 00 00 00 00 00 00 00"))
    return make_error(ErrorCode::kCorrupt, "only zeros arrive; the data line may be shorted to ground");
  return in_range(text.substr(value_at + 2));
}

Result<int> parse_temperature(std::string_view text) {
  return in_range(text);
}

bool PowerOnFilter::believe(int value_mdeg, std::int64_t boot_ms) {
  bool has_neighbour = last_mdeg_ && boot_ms - last_boot_ms_ <= neighbour_max_ms_ &&
                       std::abs(*last_mdeg_ - kPowerOnMdeg) <= kNeighbourMdeg;
  if (value_mdeg == kPowerOnMdeg && !has_neighbour) return false;
  last_mdeg_ = value_mdeg;
  last_boot_ms_ = boot_ms;
  return true;
}

}  // namespace sluice::drivers
