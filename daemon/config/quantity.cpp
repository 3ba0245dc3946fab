#include "config/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>

namespace sluice {

namespace {

struct Unit {
  const char* name;
  std::int64_t factor;
};

// From the largest to the smallest.
constexpr std::array<Unit, 5> kDurations{
    {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizes{
    {{"GiB", std::int64_t{1} << 30}, {"MiB", std::int64_t{1} << 20}, {"KiB", 1024}, {"B", 1}}};

template <std::size_t N>
std::optional<std::int64_t> parse_quantity(std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  std::string_view name(rest, static_cast<std::size_t>(end - rest));
  for (const Unit& unit : units) {
    if (name != unit.name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string quantity_text(std::int64_t amount, const std::array<Unit, N>& units, const char* zero) {
  if (amount == 0) return zero;
  for (const Unit& unit : units) {
    if (amount % unit.factor == 0) return std::to_string(amount / unit.factor) + unit.name;
  }
  return zero;
}

// What a person may write for a unit.
struct Spelling {
  const char* written;
  const char* unit;
};
constexpr Spelling kDurationSpellings[] = {
    {"", "s"},        {"msec", "ms"}, {"millis", "ms"}, {"sec", "s"},  {"secs", "s"},   {"second", "s"},
    {"seconds", "s"}, {"S", "s"},     {"min", "m"},     {"mins", "m"}, {"minute", "m"}, {"minutes", "m"},
    {"M", "m"},       {"hr", "h"},    {"hrs", "h"},     {"hour", "h"}, {"hours", "h"},  {"H", "h"},
    {"day", "d"},     {"days", "d"},  {"D", "d"},
};
constexpr Spelling kSizeSpellings[] = {{"", "B"},     {"K", "KiB"}, {"k", "KiB"},  {"kB", "KiB"},
                                       {"KB", "KiB"}, {"M", "MiB"}, {"MB", "MiB"}, {"mb", "MiB"},
                                       {"G", "GiB"},  {"GB", "GiB"}};

// A sum of numbers with units, as text: of one whole number in its own unit, else exact, else nothing.
template <std::size_t N>
std::string meant_quantity(std::string_view text, std::span<const Spelling> spellings,
                           const std::array<Unit, N>& units) {
  constexpr double kMost = 1e15;
  double sum = 0;
  std::string alone;
  for (int parts = 0; !text.empty() || parts == 0; ++parts) {
    double number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
    if (error != std::errc{} || !std::isfinite(number) || number < 0) return "";
    const std::string digits(text.data(), rest);
    text.remove_prefix(digits.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    std::string name(text.substr(0, text.find_first_of("0123456789. ")));
    text.remove_prefix(name.size());
    while (text.starts_with(' ')) text.remove_prefix(1);
    for (const Spelling& spelling : spellings) {
      if (name == spelling.written) name = spelling.unit;
    }
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return name == u.name; });
    if (unit == units.end()) return "";
    sum += number * static_cast<double>(unit->factor);
    alone = parts == 0 && digits.find('.') == std::string::npos ? digits + name : "";
  }
  if (!alone.empty()) return alone;
  if (sum > kMost || sum < 1 || sum != std::floor(sum)) return "";
  return quantity_text(static_cast<std::int64_t>(sum), units, "");
}

}  // namespace

std::string meant_duration(std::string_view text) {
  return meant_quantity(text, kDurationSpellings, kDurations);
}

std::string meant_size(std::string_view text) {
  return meant_quantity(text, kSizeSpellings, kSizes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto ms = parse_quantity(text, kDurations);
  if (!ms) return std::nullopt;
  return std::chrono::milliseconds(*ms);
}

std::string duration_text(std::chrono::milliseconds duration) {
  return quantity_text(duration.count(), kDurations, "0s");
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  auto bytes = parse_quantity(text, kSizes);
  if (!bytes) return std::nullopt;
  return static_cast<std::uint64_t>(*bytes);
}

std::string size_text(std::uint64_t bytes) {
  return quantity_text(static_cast<std::int64_t>(bytes), kSizes, "0B");
}

std::optional<int> parse_time_of_day(std::string_view text) {
  auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  int hour = (text[0] - '0') * 10 + (text[1] - '0');
  int minute = (text[3] - '0') * 10 + (text[4] - '0');
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

std::string time_of_day_text(int minutes) {
  char text[24];
  std::snprintf(text, sizeof text, "%02d:%02d", minutes / 60, minutes % 60);
  return text;
}

}  // namespace sluice
