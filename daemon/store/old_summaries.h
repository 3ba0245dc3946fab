// Summaries that go: a day's revisions and their receipts, when the newest is older than summary.keep and the
// day's rows are gone; and the oldest ones while the database is too big and they take more than half of what
// it may have. Not those of a day of which a place waits for a revision, or refused one. All in the caller's
// transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "store/sqlite.h"

namespace sluice {

// Oldest first, a few at a time: days whose newest revision was made before this. Looks at every summary.
Result<std::vector<Day>> old_summary_days(Connection& connection, std::int64_t made_before_ms);
Status remove_summaries(Connection& connection, const std::vector<Day>& days);

// Do they take more than half of what the database may have?
Result<bool> summaries_are_big(Connection& connection, std::uint64_t max_size_bytes);

// Up to this day summaries may have been removed; none: no day has lost any.
Result<std::optional<Day>> summaries_removed_to(Connection& connection);

}  // namespace sluice
