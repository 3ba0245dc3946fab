// Batches that arrived while the clock was not trusted. Their rows are stored like others, under the time
// that was thought to be; but no day knows of them and no line of the ledger counts them, until it is known
// when they arrived: when the clock of their boot is set, or a later boot's, which tells that theirs never
// was. Then each is moved to its time and entered, in the transaction that forgets it here. All in the
// caller's transaction.
#pragma once

#include <cstdint>

#include "base/calendar.h"
#include "base/result.h"
#include "model/batch.h"
#include "store/commit.h"
#include "store/sqlite.h"

namespace sluice {

// Brings `state` to what the tables say.
Status count_unset(Connection& connection, CommitState& state);

// Instead of entering it; after its rows were written.
Status hold_unset(Connection& connection, const Batch& batch, CommitState& state);

// `batch` was made under a trusted clock: says when what waits has arrived. Boots of before it whose clock
// was never set keep what was thought, but end before this one began.
Status note_clock(Connection& connection, const Batch& batch, CommitState& state);

// Nothing can wait any longer: what was thought has to do, until the clock is set.
Status note_estimates(Connection& connection, CommitState& state);

// Moves and enters the oldest batches of which it is known when they arrived, a few thousand rows; true:
// there are more.
Result<bool> retime_some(Connection& connection, const Calendar& calendar, std::int64_t reopen_ms,
                         CommitState& state);

}  // namespace sluice
