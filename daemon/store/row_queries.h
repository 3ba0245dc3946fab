// Readings of a span of time, without an index on time: the days say in which batches they lie, the batch
// table which of those to read. Rows come in arrival order, in pieces of well under a second, each a read
// transaction of its own unless one is open.
#pragma once

#include <cstdint>
#include <functional>

#include "base/calendar.h"
#include "base/result.h"
#include "store/sqlite.h"
#include "summary/day_table.h"

namespace sluice {

// Every row behind the row `after` in batches that may have one with from <= time < to, so also rows of other
// times. The examiner says whether to go on.
using RowExaminer = std::function<bool(std::int64_t row, const Reading&)>;
Status examine_rows(Connection& connection, const Calendar& calendar, std::int64_t from_ms,
                    std::int64_t to_ms, std::int64_t after, const RowExaminer& examine);

// The reading of a result row whose columns from `first` on are sensor, time_ms, value, lag_ms, flags.
Reading reading_of(const Query& row, int first = 0);

// from <= time < to.
Status visit_rows_between(Connection& connection, const Calendar& calendar, std::int64_t from_ms,
                          std::int64_t to_ms, const NumberedRowVisitor& visit);

// The tallies of a day that the batches' transactions stored, merged by sensor. Absent: a batch that may have
// readings of the day has none.
Result<std::optional<SensorTallies>> read_tallies(Connection& connection, const Calendar& calendar, Day day);

}  // namespace sluice
