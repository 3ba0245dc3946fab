// The inside of the Journal, shared by journal.cpp (append, read, release) and journal_open.cpp (create,
// open).
//
// Threads: locks are taken in the order append, header, state. The state lock is never held during a sync, so
// that reading goes on meanwhile; the bytes from the tail to the head do not change and are read without it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "intake/journal.h"
#include "intake/journal_format.h"
#include "intake/journal_header.h"
#include "intake/journal_ring.h"

namespace sluice {

struct Journal::Impl {
  Impl(std::unique_ptr<JournalFile> owned, HeaderSlots loaded, Clock& the_clock)
      : file(std::move(owned)),
        clock(the_clock),
        slots(std::move(loaded)),
        id(slots.header.id),
        durability(slots.header.durability),
        boot_id(slots.header.boot_id),
        ring(*file, slots.header.capacity, durability, journal_format::checksum_seed(id)),
        index(ring.capacity()),
        head(slots.header.kept),
        tail(head),
        kept(head),
        reader(head),
        dropped(slots.header.dropped) {}

  void recover(Durability wanted);
  Status make_room(std::uint64_t size, std::unique_lock<std::mutex>& state_lock);
  Status keep_tail(bool again = false);
  Error fail(const Error& why);
  void refuse(const Error& why);
  Instant now_in_order();
  Result<journal_format::Place> find(std::uint64_t seq, std::uint64_t* end);
  void parse(const std::vector<char>& buffer, journal_format::Place& place,
             std::vector<JournalRecord>& records) const;

  const std::unique_ptr<JournalFile> file;
  Clock& clock;

  std::mutex header_mutex;
  HeaderSlots slots;
  bool marked = false;  // the record in progress was marked in this process

  const std::string id;
  const Durability durability;
  const std::string boot_id;
  JournalRing ring;
  JournalRecovery recovery;

  std::mutex append_mutex;  // one record at a time, sync included
  std::vector<unsigned char> scratch;

  mutable std::mutex state_mutex;
  std::condition_variable arrived;
  std::condition_variable released;
  RingIndex index;
  journal_format::Place head;    // where the next record goes
  journal_format::Place tail;    // the oldest record that is not released
  journal_format::Place kept;    // as both header slots say; nothing from here on may be overwritten
  journal_format::Place reader;  // where read() will probably go on
  std::optional<Error> refusal;  // why nothing can be appended
  std::int64_t last_boot_ms = 0;
  int waiting = 0;
  bool woken = false;

  JournalDrops dropped;  // under the state lock
};

}  // namespace sluice
