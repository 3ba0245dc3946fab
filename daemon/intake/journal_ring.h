// The ring of bytes behind the header of a journal file. JournalRing maps positions, which only grow, to the
// file; a record may go round the end. RingIndex remembers places, so that finding a record is a short walk.
// Owned by the Journal. JournalRing: any thread; RingIndex: under the journal's lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "intake/journal_file.h"
#include "intake/journal_format.h"

namespace sluice {

class JournalRing {
 public:
  JournalRing(JournalFile& file, std::uint64_t capacity, Durability durability, std::uint32_t seed)
      : file_(file), capacity_(capacity), step_(journal_format::record_step(durability)), seed_(seed) {}

  std::uint64_t capacity() const { return capacity_; }
  std::uint32_t seed() const { return seed_; }
  std::uint64_t step() const { return step_; }
  std::uint64_t padded(std::uint64_t length) const { return (length + step_ - 1) / step_ * step_; }

  Status write(std::uint64_t position, const void* data, std::size_t size);
  Status read(std::uint64_t position, void* data, std::size_t size) const;
  // From one record to a later one, head by head. kCorrupt: there is no such record before `end`.
  Result<journal_format::Place> walk(journal_format::Place from, std::uint64_t to_seq,
                                     std::uint64_t end) const;

 private:
  std::uint64_t offset(std::uint64_t position) const {
    return journal_format::kRingOffset + position % capacity_;
  }
  std::size_t before_end(std::uint64_t position, std::size_t size) const;
  JournalFile& file_;
  const std::uint64_t capacity_;
  const std::uint64_t step_;
  const std::uint32_t seed_;
};

class RingIndex {
 public:
  explicit RingIndex(std::uint64_t capacity) : stride_(capacity / kPlaces + 1) {}
  void add(journal_format::Place place);
  // The last place known that is neither before `oldest` nor after `seq`.
  journal_format::Place nearest(std::uint64_t seq, journal_format::Place oldest) const;

 private:
  static constexpr std::size_t kPlaces = 256;
  const std::uint64_t stride_;
  std::uint64_t next_position_ = 0;
  std::array<journal_format::Place, kPlaces> places_{};
};

}  // namespace sluice
