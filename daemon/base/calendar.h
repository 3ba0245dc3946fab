// Calendar: the local days of one IANA time zone. A day is named by its date and counted in days since
// 1970-01-01; it begins at the first instant that carries its date, so days tile the time line whatever the
// zone does at midnight. The zone data is the operating system's, read through Howard Hinnant's date library.
// Immutable but for a cache: give each thread its own copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

using Day = std::int32_t;  // days since 1970-01-01 of the local date

class Calendar {
 public:
  static Result<Calendar> load(
      std::string_view zone_name);        // kNotFound with the nearest spelling, if there is one
  static std::string system_zone_name();  // "UTC" where the system names none

  const std::string& zone_name() const { return name_; }
  Day day_of(std::int64_t wall_ms) const;  // fast while the day stays the same
  std::int64_t begin_ms(Day day) const;    // first instant of the day
  std::int64_t end_ms(Day day) const { return begin_ms(day + 1); }
  // The instant at which local clocks show `minutes` past midnight on `day`; the first of two, or the end of
  // a gap.
  std::int64_t at_ms(Day day, int minutes) const;
  std::int32_t offset_ms(std::int64_t wall_ms) const;  // local minus UTC

 private:
  Calendar(std::string name, const void* zone) : name_(std::move(name)), zone_(zone) {}
  std::string name_;
  const void* zone_;  // const date::time_zone*, owned by the library, never freed
  mutable Day cached_day_ = 0;
  mutable std::int64_t cached_begin_ms_ = 0;
  mutable std::int64_t cached_end_ms_ = 0;  // equal to begin: nothing cached
};

std::string format_date(Day day);               // YYYY-MM-DD
Result<Day> parse_date(std::string_view text);  // YYYY-MM-DD, a real date

}  // namespace sluice
