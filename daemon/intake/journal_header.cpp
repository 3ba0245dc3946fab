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
      // Damage tells more than emptiness, and another version more than damage. What is overwritten in the
      // ring is what both slots allow: one that can be read is enough.
      if (!why || why->code == ErrorCode::kNotFound || found.error().code == ErrorCode::kRefused) {
        why = found.error();
      }
      // create() writes the first slot, then this one: it has not finished. What is in the first one need not
      // be on the disk, even if it can be read, when its sync has failed.
      if (slot == 1 && found.error().code == ErrorCode::kNotFound) return found.error();
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
  if (!settle) return {};
  if (header.durability == Durability::kPower) {
    if (Status synced = file_.sync(); !synced) return synced;
  }
  safe_slot_ = slot;
  return {};
}

Status HeaderSlots::store_twice() {
  if (Status first = store(true); !first) return first;
  return store(true);
}

}  // namespace sluice
