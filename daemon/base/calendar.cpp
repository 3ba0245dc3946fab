#include "base/calendar.h"

#include <date/date.h>
#include <date/tz.h>

#include <algorithm>
#include <cstdio>
#include <exception>

namespace sluice {

namespace {

using std::chrono::milliseconds;
using SysMs = date::sys_time<milliseconds>;
using LocalMs = date::local_time<milliseconds>;

const date::time_zone* zone_of(const void* zone) {
  return static_cast<const date::time_zone*>(zone);
}

std::int64_t offset_at(const date::time_zone* zone, std::int64_t wall_ms) {
  auto info = zone->get_info(SysMs(milliseconds(wall_ms)));
  return std::chrono::duration_cast<milliseconds>(info.offset).count();
}

Day floor_day(std::int64_t local_ms) {
  return date::floor<date::days>(milliseconds(local_ms)).count();
}

// The instant at which local clocks show `minutes` past midnight; the first of two, or the end of a gap.
std::int64_t instant_of(const date::time_zone* zone, Day day, int minutes) {
  LocalMs local{std::chrono::duration_cast<milliseconds>(date::days(day)) + std::chrono::minutes(minutes)};
  date::local_info info = zone->get_info(local);
  if (info.result == date::local_info::nonexistent) {
    // The gap ends where the second period begins.
    return std::chrono::duration_cast<milliseconds>(info.second.begin.time_since_epoch()).count();
  }
  return (local.time_since_epoch() - std::chrono::duration_cast<milliseconds>(info.first.offset)).count();
}

}  // namespace

Result<Calendar> Calendar::load(std::string_view zone_name) {
  try {
    const date::time_zone* zone = date::locate_zone(std::string(zone_name));
    return Calendar(std::string(zone_name), zone);
  } catch (const std::exception&) {
    return make_error(ErrorCode::kNotFound,
                      "no time zone named \"" + std::string(zone_name) +
                          "\"; use an IANA name such as Europe/Berlin (timedatectl list-timezones)");
  }
}

std::string Calendar::system_zone_name() {
  try {
    std::string name = date::current_zone()->name();
    return name.empty() ? "UTC" : name;
  } catch (const std::exception&) {
    return "UTC";
  }
}

Day Calendar::day_of(std::int64_t wall_ms) const {
  if (wall_ms >= cached_begin_ms_ && wall_ms < cached_end_ms_) return cached_day_;
  // The date shown now. Where clocks were set back over midnight, the later day has already begun; before a
  // change to a zone further west, the last day goes on.
  const Piece& piece = piece_at(wall_ms);
  Day day = floor_day(wall_ms + offset_at(zone_of(piece.zone), wall_ms));
  if (&piece != &pieces_.back()) day = std::min(day, (&piece)[1].first - 1);
  while (begin_ms(day + 1) <= wall_ms) ++day;
  cached_day_ = day;
  cached_begin_ms_ = begin_ms(day);
  cached_end_ms_ = begin_ms(day + 1);
  return day;
}

std::int64_t Calendar::begin_ms(Day day) const {
  const Piece& piece = piece_of(day);
  const std::int64_t begin_ms = instant_of(zone_of(piece.zone), day, 0);
  return &piece == &pieces_.back() ? begin_ms : std::min(begin_ms, (&piece)[1].first_ms);
}

std::int64_t Calendar::at_ms(Day day, int minutes) const {
  return instant_of(zone_of(piece_of(day).zone), day, minutes);
}

Result<Calendar> Calendar::then(Day first, std::string_view zone_name) const {
  auto next = load(zone_name);
  if (!next.ok()) return next.error();
  Calendar both = *this;
  Piece piece = next->pieces_.front();
  piece.first = first;
  piece.first_ms = next->begin_ms(first);
  const Piece& before = pieces_.back();
  if (piece.first <= before.first || piece.first_ms < before.first_ms) {
    return make_error(ErrorCode::kInvalid, "days of " + piece.name + " from " + format_date(first) +
                                               " on would begin before those of " + before.name);
  }
  both.pieces_.push_back(std::move(piece));
  both.cached_begin_ms_ = both.cached_end_ms_ = 0;
  return both;
}

Day Calendar::first_day_after(Day newest, const Calendar& next) const {
  Day first = newest + 2;
  while (next.begin_ms(first) <= begin_ms(newest + 1)) ++first;
  return first;
}

const Calendar::Piece& Calendar::piece_of(Day day) const {
  auto piece = pieces_.end() - 1;
  while (piece->first > day) --piece;
  return *piece;
}

const Calendar::Piece& Calendar::piece_at(std::int64_t wall_ms) const {
  auto piece = pieces_.end() - 1;
  while (piece->first_ms > wall_ms) --piece;
  return *piece;
}

std::int32_t Calendar::offset_ms(std::int64_t wall_ms) const {
  return static_cast<std::int32_t>(offset_at(zone_of(piece_at(wall_ms).zone), wall_ms));
}

std::string format_date(Day day) {
  date::year_month_day ymd{date::sys_days(date::days(day))};
  char text[24];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(ymd.year()),
                static_cast<unsigned>(ymd.month()), static_cast<unsigned>(ymd.day()));
  return text;
}

Result<Day> parse_date(std::string_view text) {
  auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  bool shape = text.size() == 10 && text[4] == '-' && text[7] == '-';
  for (std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9}) shape = shape && digit(i);
  if (shape) {
    auto number = [&](std::size_t from, std::size_t n) {
      int value = 0;
      for (std::size_t i = from; i < from + n; ++i) value = value * 10 + (text[i] - '0');
      return value;
    };
    date::year_month_day ymd{date::year(number(0, 4)), date::month(static_cast<unsigned>(number(5, 2))),
                             date::day(static_cast<unsigned>(number(8, 2)))};
    if (ymd.ok()) return static_cast<Day>(date::sys_days(ymd).time_since_epoch().count());
  }
  return make_error(ErrorCode::kInvalid, "expected a date as YYYY-MM-DD, got \"" + std::string(text) + "\"");
}

}  // namespace sluice
