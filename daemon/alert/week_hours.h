// Hours of a week in a time zone: is it now, and when does that change next. Periods that cross midnight
// belong to the day on which they begin; on days with a clock change they go by what the local clock shows.
#pragma once

#include <cstdint>
#include <vector>

#include "alert/rule.h"
#include "base/calendar.h"

namespace sluice {

bool is_within(const std::vector<WeekHours>& hours, const Calendar& calendar, std::int64_t wall_ms);
// The first beginning or end of one of them after `wall_ms`.
std::int64_t next_edge_ms(const std::vector<WeekHours>& hours, const Calendar& calendar,
                          std::int64_t wall_ms);

}  // namespace sluice
