#include "intake/journal_recovery.h"

#include <algorithm>
#include <vector>

namespace sluice {

using journal_format::decode_head;
using journal_format::kRecordHeadBytes;
using journal_format::Place;
using journal_format::RecordHead;

namespace {

// Reads a ring forwards in large pieces, and in small ones where a large one cannot be read.
class RingWindow {
 public:
  RingWindow(const JournalRing& ring, std::uint64_t end) : ring_(ring), end_(end) {}

  // The `size` bytes from `position` on, which end at or before the window's end; nullptr if the disk
  // refuses.
  const unsigned char* view(std::uint64_t position, std::size_t size) {
    if (position < begin_ || position + size > begin_ + bytes_.size()) {
      const std::uint64_t piece = std::max<std::uint64_t>(size, kPieceBytes);
      begin_ = position;
      status_ = fill(std::min(piece, end_ - position));
      if (!status_) status_ = fill(size);
      if (!status_) bytes_.clear();
    }
    return bytes_.empty() ? nullptr : bytes_.data() + (position - begin_);
  }
  const Status& status() const { return status_; }

 private:
  Status fill(std::uint64_t size) {
    bytes_.resize(static_cast<std::size_t>(size));
    return ring_.read(begin_, bytes_.data(), bytes_.size());
  }

  static constexpr std::uint64_t kPieceBytes = 256 * 1024;
  const JournalRing& ring_;
  const std::uint64_t end_;
  std::uint64_t begin_ = 0;
  std::vector<unsigned char> bytes_;
  Status status_;
};

bool whole_at(RingWindow& window, const JournalRing& ring, std::uint64_t position, const RecordHead& head) {
  const unsigned char* bytes = window.view(position, head.length);
  return bytes != nullptr && checksum_holds(head, bytes, ring.seed());
}

}  // namespace

RecoveredChain follow_chain(const JournalRing& ring, Place kept, RingIndex& index) {
  const std::uint64_t limit = kept.position + ring.capacity();
  RingWindow window(ring, limit);
  RecoveredChain chain;
  chain.end = kept;
  while (limit - chain.end.position >= kRecordHeadBytes) {
    const unsigned char* bytes = window.view(chain.end.position, kRecordHeadBytes);
    if (bytes == nullptr) break;
    const RecordHead head = decode_head(bytes);
    if (!head_fits(head, chain.end.seq, limit - chain.end.position)) break;
    if (!whole_at(window, ring, chain.end.position, head)) break;
    index.add(chain.end);
    chain.end.position += ring.padded(head.length);
    ++chain.end.seq;
    chain.last_boot_ms = head.boot_ms;
  }
  chain.readable = window.status();
  return chain;
}

CutOff erase_cut_off(JournalRing& ring, Place kept, Place end) {
  static constexpr unsigned char kNothing[kRecordHeadBytes] = {};
  const std::uint64_t limit = kept.position + ring.capacity();
  const std::uint64_t seq_end = end.seq + (limit - end.position) / kRecordHeadBytes + 1;
  RingWindow window(ring, limit);
  CutOff cut_off;
  // At each step, inside what was found as well: a payload may hold the bytes of a record.
  for (std::uint64_t position = end.position; limit - position >= kRecordHeadBytes; position += ring.step()) {
    const unsigned char* bytes = window.view(position, kRecordHeadBytes);
    if (bytes == nullptr) break;
    const RecordHead head = decode_head(bytes);
    const bool found = head.seq >= end.seq && head.seq < seq_end &&
                       head_fits(head, head.seq, limit - position) && whole_at(window, ring, position, head);
    if (!window.status()) break;
    if (!found) continue;
    if (Status erased = ring.write(position, kNothing, sizeof kNothing); !erased) cut_off.erased = erased;
    cut_off.bytes = std::max(cut_off.bytes, position + ring.padded(head.length) - end.position);
  }
  if (!window.status()) {
    cut_off.erased = window.status();
    cut_off.bytes = limit - end.position;
  }
  return cut_off;
}

}  // namespace sluice
