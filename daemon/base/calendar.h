// Calendar: local days. A day is named by its date and counted in days since 1970-01-01; it begins at the
// first instant that carries its date, so days tile the time line whatever the zone does at midnight. Where a
// gateway was given another time zone, the days before the change are those of the old one (then()), so that
// the whole series still has no gap and no overlap. The zone data is the operating system's, read through
// Howard Hinnant's date library: to the end of 2037. Immutable but for a cache: give each thread its own
// copy.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

using Day = std::int32_t;  // days since 1970-01-01 of the local date

class Calendar {
 public:
  static Result<Calendar> load(
      std::string_view zone_name);        // kNotFound with the nearest spelling, if there is one
  static std::string system_zone_name();  // "UTC" where the system names none

  // This calendar before `first`, the days of another zone from there on. `first` begins by the new zone;
  // the day before it ends then, and is shorter or longer by what the zones differ.
  Result<Calendar> then(Day first, std::string_view zone_name) const;
  // The first day for then() that changes no day up to `newest`: the one after it still begins by this
  // calendar, and is the shorter or longer one.
  Day first_day_after(Day newest, const Calendar& next) const;

  const std::string& zone_name() const { return pieces_.back().name; }        // of the newest days
  const std::string& zone_name(Day day) const { return piece_of(day).name; }  // by which the day begins
  Day day_of(std::int64_t wall_ms) const;  // fast while the day stays the same
  std::int64_t begin_ms(Day day) const;    // first instant of the day
  std::int64_t end_ms(Day day) const { return begin_ms(day + 1); }
  // The instant at which local clocks show `minutes` past midnight on `day`; the first of two, or the end of
  // a gap.
  std::int64_t at_ms(Day day, int minutes) const;
  std::int32_t offset_ms(std::int64_t wall_ms) const;  // local minus UTC

 private:
  struct Piece {
    Day first = INT32_MIN;  // the first day of the zone
    std::int64_t first_ms = INT64_MIN;
    std::string name;
    const void* zone = nullptr;  // const date::time_zone*, owned by the library, never freed
  };
  Calendar(std::string name, const void* zone) : pieces_{{INT32_MIN, INT64_MIN, std::move(name), zone}} {}
  const Piece& piece_of(Day day) const;
  const Piece& piece_at(std::int64_t wall_ms) const;
  std::vector<Piece> pieces_;  // ascending
  mutable Day cached_day_ = 0;
  mutable std::int64_t cached_begin_ms_ = 0;
  mutable std::int64_t cached_end_ms_ = 0;  // equal to begin: nothing cached
};

std::string format_date(Day day);               // YYYY-MM-DD
Result<Day> parse_date(std::string_view text);  // YYYY-MM-DD, a real date

}  // namespace sluice
