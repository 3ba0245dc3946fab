// Journal: the durable log between the broker's acknowledgement and the store. A preallocated ring file of
// checksummed records; its byte format is drawn, as a grammar, at the top of journal_format.md.
//
// Threads: append() by any thread, one at a time inside; read() and mark_in_progress() by the engine's
// thread; release() by the store's. An appended record is readable at once, also while its sync is still
// under way. Durability::kCrash survives the death of the process; kPower returns from append() only after
// fdatasync, and never writes again into a 512-byte sector that was synced (until it is released). After a
// failed write or sync every later append() fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "intake/journal_file.h"
#include "model/journal_record.h"
#include "model/stream_clock_state.h"

namespace sluice {

enum class Durability { kCrash, kPower };

// What is appended; the journal adds seq and the two times (read under its own lock, so they never go back).
struct NewRecord {
  RecordKind kind = RecordKind::kMessage;
  std::uint8_t flags = 0;
  std::uint16_t packet_id = 0;
  std::string_view topic;
  std::string_view payload;
};

// What opening a ring found.
struct JournalRecovery {
  std::uint64_t first_seq = 0;  // oldest record still there; 0: none
  std::uint64_t last_seq = 0;   // newest valid record; 0: none
  // Appended once, and not readable any more: from the damage to the end of the last whole record behind it.
  // A damaged last record cannot be told from one that was never finished, and counts nothing.
  std::uint64_t damaged_bytes = 0;
  // The record the engine was replaying when the process ended; 0: none, or the machine has booted since.
  std::uint64_t in_progress_seq = 0;
  std::uint32_t in_progress_attempts = 0;
};

// What was given up and is not in the ledger yet.
struct JournalDrops {
  std::uint64_t through_seq = 0;  // 0: nothing
  std::uint64_t readings = 0;
  std::uint64_t messages = 0;
  StreamClockState clock;  // after them; no boot id: not known
  bool operator==(const JournalDrops&) const = default;
};

class Journal {
 public:
  // A new, empty ring in `file` (its size is the ring's). `first_seq` is cursor + 1.
  static Result<std::unique_ptr<Journal>> create(std::unique_ptr<JournalFile> file, Durability durability,
                                                 Clock& clock, std::string journal_id,
                                                 std::uint64_t first_seq);
  // An existing ring, for draining and, if can_append() and the size is as wanted, for going on with (then
  // call resume_after()). Every valid record from the cursor on is readable, and some before it; damage ends
  // it and is reported. kNotFound: create() never finished here, nothing was ever acknowledged into it.
  static Result<std::unique_ptr<Journal>> open(std::unique_ptr<JournalFile> file, Durability durability,
                                               Clock& clock);
  ~Journal();

  const std::string& id() const;
  const std::string& boot_id() const;  // of the boot that last used the ring, as create() or open() met it
  const JournalRecovery& recovery() const;
  Durability durability() const;  // what the ring was made for
  // False: made for another durability than open() was asked for, or a write or sync has failed, now or in an
  // earlier process. It can still be read and released.
  bool can_append() const;
  std::uint64_t capacity_bytes() const;
  std::uint64_t used_bytes() const;            // appended and not released
  std::uint64_t last_seq() const;              // 0 or first_seq - 1 when nothing was appended
  std::uint64_t largest_record_bytes() const;  // longest topic + payload that fits an empty ring

  // Returns the seq. kFull: no room (the caller decides; intake aborts). kInvalid: longer than
  // largest_record_bytes(). kIo, kNoSpace, kRefused: nothing can be kept any more.
  Result<std::uint64_t> append(const NewRecord& record);

  // Copies records after `after_seq` into `buffer` (cleared first) until it is full or there is no more, and
  // points `records` into it. At least one record if there is one. Returns an error if bytes that were valid
  // no longer are.
  Status read(std::uint64_t after_seq, std::vector<char>& buffer, std::size_t buffer_bytes_max,
              std::vector<JournalRecord>& records);
  // Waits until a record after `after_seq` is there, wake() was called, or the timeout has passed. When
  // nothing is there it returns the time now, read so that every later record has the same or a later time.
  Instant wait(std::uint64_t after_seq, std::chrono::milliseconds timeout);
  void wake();

  void release(std::uint64_t seq);  // everything up to seq may be overwritten
  // Waits until no more than `used_bytes_max` is in use, or the timeout has passed.
  void wait_for_room(std::uint64_t used_bytes_max, std::chrono::milliseconds timeout);
  // Once after open(), before the first append(): releases everything up to the store's cursor, and numbers
  // on from it if the ring ends before it (a record is readable before its sync; a power cut can take it
  // after it was stored).
  Status resume_after(std::uint64_t cursor);
  Status mark_in_progress(std::uint64_t seq);  // about to replay this record; counted over restarts; 0: none
  // Before release() of records that are given up because the store cannot take them. Records up to
  // `through_seq` are then over, whatever the store's cursor says, until that has passed them.
  Status set_dropped(const JournalDrops& drops);
  JournalDrops dropped() const;
  // Writes what is not released into `copy`, an empty file of the same size: a ring with the same id and
  // records, which is only drained. Nothing else of the file is written, so where files can have holes it
  // takes no more room than that. Not while others append or release.
  Status copy_to(JournalFile& copy);

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
