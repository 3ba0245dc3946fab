#include "base/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>

namespace sluice {

namespace {

constexpr std::int64_t kSecondsMax = 10ll * 366 * 86400;  // more is cut: it is no time to wait
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct Fields {
  int year = 0;
  char month[4] = {};
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::optional<std::int64_t> to_ms(const Fields& f) {
  const auto* month = std::find(kMonths.begin(), kMonths.end(), f.month);
  if (month == kMonths.end() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  if (f.hour < 0 || f.minute < 0 || f.second < 0) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(f.year), std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(f.day)};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + f.hour) * 60 + f.minute) * 60000 + f.second * 1000;
}

// A year with two digits that seems more than 50 years ahead is the newest past year that ends so.
int full_year(int two_digits, std::int64_t now_wall_ms) {
  const auto today = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(now_wall_ms)));
  const int now = static_cast<int>(std::chrono::year_month_day(today).year());
  const int year = now / 100 * 100 + two_digits;
  return year > now + 50 ? year - 100 : year;
}

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_wall_ms) {
  const std::string line(text.substr(0, 64));
  Fields f;
  int end = -1;
  auto whole = [&] { return end == static_cast<int>(line.size()); };
  if (std::sscanf(line.c_str(), "%*3[A-Za-z], %2u %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &f.day, f.month, &f.year,
                  &f.hour, &f.minute, &f.second, &end) == 6 &&
      whole()) {
    return to_ms(f);
  }
  end = -1;
  if (std::sscanf(line.c_str(), "%*9[A-Za-z], %2u-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &f.day, f.month, &f.year,
                  &f.hour, &f.minute, &f.second, &end) == 6 &&
      whole()) {
    f.year = full_year(f.year, now_wall_ms);
    return to_ms(f);
  }
  end = -1;
  if (std::sscanf(line.c_str(), "%*3[A-Za-z] %3[A-Za-z] %2u %2d:%2d:%2d %4d%n", f.month, &f.day, &f.hour,
                  &f.minute, &f.second, &f.year, &end) == 6 &&
      whole()) {
    return to_ms(f);
  }
  return std::nullopt;
}

std::int64_t retry_after_ms(std::string_view retry_after, std::string_view date, std::int64_t now_wall_ms) {
  if (!retry_after.empty() && retry_after.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    auto [end, error] = std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    if (error != std::errc()) seconds = kSecondsMax;
    return std::min(seconds, kSecondsMax) * 1000;
  }
  auto until_ms = parse_http_date(retry_after, now_wall_ms);
  if (!until_ms) return 0;
  const std::int64_t there_ms = parse_http_date(date, now_wall_ms).value_or(now_wall_ms);
  return std::clamp<std::int64_t>(*until_ms - there_ms, 0, kSecondsMax * 1000);
}

}  // namespace sluice
