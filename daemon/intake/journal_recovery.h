// What is left in a ring when it is opened: the chain of records that begins at the kept place, and whether
// there is anything behind its end that damage has cut off. Why this finds every record and no stale one is
// argued in journal_format.md. Called by Journal::open() before any other thread sees the journal.
#pragma once

#include <cstdint>

#include "intake/journal_ring.h"

namespace sluice {

struct RecoveredChain {
  journal_format::Place end;  // where the next record goes
  std::int64_t last_boot_ms = 0;
  Status readable;  // an error if the disk could not be read at the end
};

// Follows valid records of consecutive seq from `kept` on, and adds them to `index`.
RecoveredChain follow_chain(const JournalRing& ring, journal_format::Place kept, RingIndex& index);

struct CutOff {
  std::uint64_t bytes = 0;  // from the end of the chain to the end of the last record behind it
  Status erased;            // an error if those records could not be made invalid for good
};

// Looks behind the end of the chain for records that belong after it, and erases them: their numbers will be
// given to others. Where the disk cannot be read, everything from the end of the chain on counts as cut off.
CutOff erase_cut_off(JournalRing& ring, journal_format::Place kept, journal_format::Place end);

}  // namespace sluice
