// Giving up readings that cannot be stored, without losing anything else of their batch: transitions,
// counters and the cursor travel on with the next batch that can be written. Pure functions on batches; store
// thread.
#pragma once

#include <cstdint>

#include "model/batch.h"

namespace sluice {

// Takes the readings out; what the ledger would have counted as stored or duplicate is counted as dropped.
void drop_readings(Batch& batch);

// Puts `earlier`, which has no readings, before `later`: one batch that does what both would have done. Keeps
// the newest kCarriedEventsMax transitions of `earlier`, and as many samples as any one batch may have.
inline constexpr std::size_t kCarriedEventsMax = 10000;
void put_before(Batch&& earlier, Batch& later);

// What the journal's header has to say of a batch that is carried: sums over its days.
struct CarriedCounts {
  std::uint64_t messages = 0;          // received
  std::uint64_t readings_dropped = 0;  // and nothing but these decoded
};
CarriedCounts carried_counts(const Batch& batch);

}  // namespace sluice
