// The stored readings that rules look back on: of each sensor those whose times lie within its lookback
// before its newest reading's, whenever that was, and those that arrived so long before the last. Reads
// batches backwards, and only those in which a sensor may have some.
#pragma once

#include "base/result.h"
#include "model/batch.h"
#include "store/sqlite.h"

namespace sluice {

// Into checkpoint.recent; its sensors and their newest readings are known.
Status read_recent(Connection& connection, const Lookback& lookback, Checkpoint& checkpoint);

}  // namespace sluice
