#include "intake/journal_ring.h"

#include <algorithm>
#include <string>

namespace sluice {

using journal_format::decode_head;
using journal_format::kRecordHeadBytes;
using journal_format::Place;
using journal_format::RecordHead;

std::size_t JournalRing::before_end(std::uint64_t position, std::size_t size) const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(size, capacity_ - position % capacity_));
}

Status JournalRing::write(std::uint64_t position, const void* data, std::size_t size) {
  const std::size_t first = before_end(position, size);
  Status written = file_.write(offset(position), data, first);
  if (!written || first == size) return written;
  return file_.write(journal_format::kRingOffset, static_cast<const char*>(data) + first, size - first);
}

Status JournalRing::read(std::uint64_t position, void* data, std::size_t size) const {
  const std::size_t first = before_end(position, size);
  Status done = file_.read(offset(position), data, first);
  if (!done || first == size) return done;
  return file_.read(journal_format::kRingOffset, static_cast<char*>(data) + first, size - first);
}

Result<Place> JournalRing::walk(Place from, std::uint64_t to_seq, std::uint64_t end) const {
  while (from.seq < to_seq) {
    unsigned char bytes[kRecordHeadBytes];
    RecordHead head;
    if (end - from.position >= kRecordHeadBytes) {
      if (Status done = read(from.position, bytes, sizeof bytes); !done) return done.error();
      head = decode_head(bytes);
    }
    if (!head_fits(head, from.seq, end - from.position)) {
      return make_error(ErrorCode::kCorrupt, "journal record " + std::to_string(from.seq) +
                                                 " can no longer be read: check the disk it lies on");
    }
    from.position += padded(head.length);
    ++from.seq;
  }
  return from;
}

void RingIndex::add(Place place) {
  if (place.position < next_position_) return;
  places_[place.position / stride_ % kPlaces] = place;
  next_position_ = (place.position / stride_ + 1) * stride_;
}

Place RingIndex::nearest(std::uint64_t seq, Place oldest) const {
  Place best = oldest;
  for (const Place& place : places_) {
    if (place.position >= oldest.position && place.seq > best.seq && place.seq <= seq) best = place;
  }
  return best;
}

}  // namespace sluice
