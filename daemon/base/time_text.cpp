#include "base/time_text.h"

#include <date/date.h>

#include <cstdio>

namespace sluice {

namespace {

// Reads exactly n digits at `at` and moves it.
bool digits(std::string_view text, std::size_t& at, std::size_t n, int& value) {
  if (at + n > text.size()) return false;
  value = 0;
  for (std::size_t end = at + n; at < end; ++at) {
    if (text[at] < '0' || text[at] > '9') return false;
    value = value * 10 + (text[at] - '0');
  }
  return true;
}

bool one_of(std::string_view text, std::size_t& at, std::string_view allowed) {
  if (at >= text.size() || allowed.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

}  // namespace

std::string format_rfc3339(std::int64_t wall_ms) {
  date::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(wall_ms)};
  auto day = date::floor<date::days>(time);
  date::year_month_day ymd{day};
  auto of_day = (time - day).count();
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(ymd.year()),
                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()),
                static_cast<int>(of_day / 3600000), static_cast<int>(of_day / 60000 % 60),
                static_cast<int>(of_day / 1000 % 60), static_cast<int>(of_day % 1000));
  return text;
}

std::optional<std::int64_t> parse_rfc3339(std::string_view text, bool assume_utc) {
  std::size_t at = 0;
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  if (!digits(text, at, 4, year) || !one_of(text, at, "-") || !digits(text, at, 2, month) ||
      !one_of(text, at, "-") || !digits(text, at, 2, day) || !one_of(text, at, "Tt ") ||
      !digits(text, at, 2, hour) || !one_of(text, at, ":") || !digits(text, at, 2, minute) ||
      !one_of(text, at, ":") || !digits(text, at, 2, second)) {
    return std::nullopt;
  }
  if (at < text.size() && text[at] == '.') {
    std::size_t first = ++at;
    for (int scale = 100; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) {
      ms += (text[at] - '0') * scale;
    }
    if (at == first) return std::nullopt;
  }
  int offset_minutes = 0;
  if (at == text.size()) {
    if (!assume_utc) return std::nullopt;
  } else if (!one_of(text, at, "Zz")) {
    bool minus = text[at] == '-';
    int hours = 0, minutes = 0;
    if (!one_of(text, at, "+-") || !digits(text, at, 2, hours) || !one_of(text, at, ":") ||
        !digits(text, at, 2, minutes) || hours > 23 || minutes > 59) {
      return std::nullopt;
    }
    offset_minutes = (minus ? -1 : 1) * (hours * 60 + minutes);
  }
  date::year_month_day ymd{date::year(year), date::month(static_cast<unsigned>(month)),
                           date::day(static_cast<unsigned>(day))};
  if (at != text.size() || !ymd.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  std::int64_t seconds = std::int64_t{date::sys_days(ymd).time_since_epoch().count()} * 86400 + hour * 3600 +
                         minute * 60 + second - std::int64_t{offset_minutes} * 60;
  return seconds * 1000 + ms;
}

std::string format_duration(std::int64_t ms) {
  if (ms < 0) return format_duration(-ms).insert(0, 1, '-');
  if (ms < 1000) return std::to_string(ms) + "ms";
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  static constexpr Unit kUnits[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}};
  std::string text;
  int parts = 0;
  for (const Unit& unit : kUnits) {
    if (ms >= unit.ms && parts < 2) {
      text += std::to_string(ms / unit.ms) + unit.name;
      ms %= unit.ms;
      ++parts;
    } else if (parts > 0) {
      break;
    }
  }
  return text;
}

}  // namespace sluice
