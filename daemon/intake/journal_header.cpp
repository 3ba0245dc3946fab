#include "intake/journal_header.h"

#include <optional>

namespace sluice {

using journal_format::decode_slot;
using journal_format::Header;
using journal_format::kSlotBytes;
using journal_format::kSlotOffsets;

Status HeaderSlots::load() {
  std::optional<Header> newest;
  std::optional<Error> why;
  for (int slot = 0; slot < 2; ++slot) {
    unsigned char bytes[kSlotBytes];
    const Status read = file_.read(kSlotOffsets[slot], bytes, sizeof bytes);
    Result<Header> found = read ? decode_slot(bytes) : read.error();
    if (!found.ok()) {
      // create() writes the first slot, then the second: while that is empty it has not finished, and what
      // a power cut made of the first is of no account. Another version tells more than damage.
      const bool unfinished = found.error().code == ErrorCode::kNotFound;
      if (!why || why->code == ErrorCode::kNotFound || found.error().code == ErrorCode::kRefused ||
          (unfinished && why->code != ErrorCode::kRefused)) {
        why = found.error();
      }
    } else if (!newest || found->generation > newest->generation) {
      newest = std::move(*found);
      safe_slot_ = slot;
    }
  }
  if (!newest) return *why;
  header = std::move(*newest);
  return {};
}

Status HeaderSlots::store(bool settle) {
  const int slot = 1 - safe_slot_;
  ++header.generation;
  unsigned char bytes[kSlotBytes];
  encode_slot(header, bytes);
  if (Status written = file_.write(kSlotOffsets[slot], bytes, sizeof bytes); !written) return written;
  if (header.durability == Durability::kCrash) {
    safe_slot_ = slot;
  } else if (settle) {
    if (Status synced = file_.sync(); !synced) return synced;
    safe_slot_ = slot;
  }
  return {};
}

Status HeaderSlots::store_twice() {
  if (Status first = store(true); !first) return first;
  return store(true);
}

}  // namespace sluice
