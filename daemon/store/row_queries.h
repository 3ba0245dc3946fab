// Readings of a span of time, without an index on time: the days say in which batches they lie, the batch
// table which of those to read.
#pragma once

#include <cstdint>

#include "base/calendar.h"
#include "base/result.h"
#include "store/sqlite.h"
#include "summary/day_table.h"

namespace sluice {

// from <= time < to, in arrival order. Reads in pieces of well under a second, each a read transaction of its
// own unless one is open.
Status visit_rows_between(Connection& connection, const Calendar& calendar, std::int64_t from_ms,
                          std::int64_t to_ms, const NumberedRowVisitor& visit);

}  // namespace sluice
