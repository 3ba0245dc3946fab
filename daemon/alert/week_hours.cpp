#include "alert/week_hours.h"

#include <algorithm>
#include <limits>

namespace sluice {

namespace {

struct Span {
  std::int64_t from_ms;
  std::int64_t to_ms;
};

int weekday(Day day) {  // 0 is Monday; 1970-01-01 was a Thursday
  return ((day + 3) % 7 + 7) % 7;
}

Span span_on(const WeekHours& hours, const Calendar& calendar, Day day) {
  const bool past_midnight = hours.to_minutes <= hours.from_minutes;
  const Day last = hours.to_minutes == 24 * 60 || past_midnight ? day + 1 : day;
  return {calendar.at_ms(day, hours.from_minutes), calendar.at_ms(last, hours.to_minutes % (24 * 60))};
}

// Every span that begins on the days around `wall_ms`, up to a week ahead.
template <class Visit>
void each_span(const std::vector<WeekHours>& hours, const Calendar& calendar, std::int64_t wall_ms, int days,
               Visit visit) {
  const Day today = calendar.day_of(wall_ms);
  for (const WeekHours& entry : hours) {
    for (Day day = today - 1; day <= today + days; ++day) {
      if (entry.days >> weekday(day) & 1) visit(span_on(entry, calendar, day));
    }
  }
}

}  // namespace

bool is_within(const std::vector<WeekHours>& hours, const Calendar& calendar, std::int64_t wall_ms) {
  bool within = false;
  each_span(hours, calendar, wall_ms, 0,
            [&](const Span& span) { within = within || (span.from_ms <= wall_ms && wall_ms < span.to_ms); });
  return within;
}

std::int64_t next_edge_ms(const std::vector<WeekHours>& hours, const Calendar& calendar,
                          std::int64_t wall_ms) {
  std::int64_t next = std::numeric_limits<std::int64_t>::max();
  each_span(hours, calendar, wall_ms, 7, [&](const Span& span) {
    for (std::int64_t edge : {span.from_ms, span.to_ms}) {
      if (edge > wall_ms) next = std::min(next, edge);
    }
  });
  return next;
}

}  // namespace sluice
