// Rows of table `day`. The current day is `open`: batches do not write its row, which would cost a page in
// each; what they would have written is derived from the batch table when the row is read. The store closes
// it with the first reading of a later arrival day.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "store/sqlite.h"
#include "summary/day_table.h"

namespace sluice {

struct DayRow {
  DayState state;
  bool open = false;
  std::int64_t first_batch = 0;
  std::int64_t last_batch = 0;  // open: the newest commit
  int removed = 0;
};

// With what is derived filled in.
Result<std::optional<DayRow>> read_day(Connection& connection, const Calendar& calendar, Day day);
Result<std::vector<DayRow>> read_dirty_days(Connection& connection, const Calendar& calendar);
Status write_day(Connection& connection, const DayRow& row);

// News for a day that is not open: `commit` is the batch that brings them, which may be an older one. Without
// `may_dirty` (the day can no longer be reopened) only `last_batch` and the last arrival move.
void touch_day(DayRow& row, std::int64_t commit, std::int64_t last_arrival_ms, bool may_dirty);

// Was the day summed so long before, or is so much of it gone, that a late row cannot be counted any more?
bool is_too_late(const DayRow& row, std::int64_t arrival_ms, std::int64_t reopen_ms);

}  // namespace sluice
