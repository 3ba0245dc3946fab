#include "alert/week_hours.h"

#include <algorithm>
#include <limits>

namespace sluice {

namespace {

constexpr std::int64_t kMinuteMs = 60000;
constexpr std::int64_t kDayMs = 24 * 60 * kMinuteMs;

struct LocalTime {
  Day day = 0;
  std::int64_t ms = 0;  // of the day
};

// What local clocks show.
LocalTime local_at(const Calendar& calendar, std::int64_t wall_ms) {
  const std::int64_t shown_ms = wall_ms + calendar.offset_ms(wall_ms);
  const std::int64_t ms = (shown_ms % kDayMs + kDayMs) % kDayMs;
  return {static_cast<Day>((shown_ms - ms) / kDayMs), ms};
}

bool begins_on(const WeekHours& hours, Day day) {
  const int weekday = ((day + 3) % 7 + 7) % 7;  // 0 is Monday; 1970-01-01 was a Thursday
  return (hours.days >> weekday & 1) != 0;
}

bool covers(const WeekHours& hours, const LocalTime& at) {
  const std::int64_t from_ms = hours.from_minutes * kMinuteMs;
  const std::int64_t to_ms = hours.to_minutes * kMinuteMs;
  if (from_ms < to_ms) return begins_on(hours, at.day) && from_ms <= at.ms && at.ms < to_ms;
  return (begins_on(hours, at.day) && from_ms <= at.ms) || (begins_on(hours, at.day - 1) && at.ms < to_ms);
}

// When the clock changes in [from, to); `to`: it does not.
std::int64_t change_in(const Calendar& calendar, std::int64_t from_ms, std::int64_t to_ms) {
  const std::int32_t offset_ms = calendar.offset_ms(from_ms);
  if (calendar.offset_ms(to_ms - 1) == offset_ms) return to_ms;
  while (to_ms - from_ms > 1) {
    const std::int64_t middle_ms = from_ms + (to_ms - from_ms) / 2;
    (calendar.offset_ms(middle_ms) == offset_ms ? from_ms : to_ms) = middle_ms;
  }
  return to_ms;
}

}  // namespace

bool is_within(const std::vector<WeekHours>& hours, const Calendar& calendar, std::int64_t wall_ms) {
  const LocalTime at = local_at(calendar, wall_ms);
  return std::any_of(hours.begin(), hours.end(), [&](const WeekHours& entry) { return covers(entry, at); });
}

std::int64_t next_edge_ms(const std::vector<WeekHours>& hours, const Calendar& calendar,
                          std::int64_t wall_ms) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::max();
  if (hours.empty()) return kNone;
  std::int64_t next_ms = kNone;
  // Piece by piece of the time in which the clock does not change: an edge is where it shows that time, which
  // it does twice when it is set back.
  const std::int64_t end_ms = wall_ms + 8 * kDayMs;
  for (std::int64_t from_ms = wall_ms; from_ms < end_ms && next_ms == kNone;) {
    const std::int64_t to_ms = change_in(calendar, from_ms, std::min(from_ms + kDayMs, end_ms));
    if (from_ms > wall_ms && is_within(hours, calendar, from_ms) != is_within(hours, calendar, from_ms - 1)) {
      return from_ms;
    }
    const LocalTime at = local_at(calendar, from_ms);
    for (const WeekHours& entry : hours) {
      for (Day day = at.day - 1; day <= at.day + 1; ++day) {
        if (!begins_on(entry, day)) continue;
        const std::int64_t midnight_ms = from_ms - at.ms + (day - at.day) * kDayMs;
        const std::int64_t length_ms = (entry.to_minutes - entry.from_minutes) * kMinuteMs;
        const std::int64_t begin_ms = midnight_ms + entry.from_minutes * kMinuteMs;
        for (std::int64_t edge_ms : {begin_ms, begin_ms + length_ms + (length_ms > 0 ? 0 : kDayMs)}) {
          if (edge_ms > wall_ms && edge_ms >= from_ms && edge_ms < to_ms)
            next_ms = std::min(next_ms, edge_ms);
        }
      }
    }
    from_ms = to_ms;
  }
  return next_ms;
}

}  // namespace sluice
