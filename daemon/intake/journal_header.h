// HeaderSlots: the two header slots of a ring and the order in which they may be written, so that one of them
// is always whole: the slot written to is never the one known to be on the disk. Owned by the Journal, which
// serialises the calls.
#pragma once

#include "intake/journal_file.h"
#include "intake/journal_format.h"

namespace sluice {

class HeaderSlots {
 public:
  explicit HeaderSlots(JournalFile& file) : file_(file) {}

  // Reads the newer valid slot into `header`.
  Status load();
  // Writes `header` to one slot. It is safe from the death of the process; `settle` syncs it as well if the
  // ring is Durability::kPower. Without `settle` it is always the same slot: a copy on a disk, which is only
  // drained, keeps the other one as it was synced.
  Status store(bool settle);
  // Writes and settles `header` in both slots, so that either alone tells it.
  Status store_twice();

  journal_format::Header header;

 private:
  JournalFile& file_;
  int safe_slot_ = 1;  // holds a header that nothing in flight can damage
};

}  // namespace sluice
