#include <utility>

#include "intake/journal_impl.h"
#include "intake/journal_recovery.h"

namespace sluice {

using journal_format::Header;
using journal_format::kRecordHeadBytes;
using journal_format::kRingOffset;
using journal_format::Place;

namespace {
constexpr std::int64_t kSameBootMs = 1000;  // what the boot clock may seem to go back within a boot
}

Result<std::unique_ptr<Journal>> Journal::create(std::unique_ptr<JournalFile> file, Durability durability,
                                                 Clock& clock, std::string journal_id,
                                                 std::uint64_t first_seq) {
  if (journal_id.empty() || journal_id.size() > journal_format::kIdBytesMax || first_seq == 0) {
    return make_error(ErrorCode::kInvalid, "a journal needs an id of 1 to 63 bytes and a first seq above 0");
  }
  if (file->size() < kRingOffset + journal_format::kRingBytesMin) {
    return make_error(ErrorCode::kInvalid, "the journal file is too small: give it at least 12 KiB");
  }
  HeaderSlots slots(*file);
  Header& header = slots.header;
  header.durability = durability;
  header.capacity = journal_format::ring_capacity(file->size());
  header.first_seq = first_seq;
  header.kept = Place{first_seq, 0};
  header.id = std::move(journal_id);
  header.boot_id = clock.boot_id().substr(0, journal_format::kIdBytesMax);
  if (Status stored = slots.store_twice(); !stored) return stored.error();
  return std::unique_ptr<Journal>(
      new Journal(std::make_unique<Impl>(std::move(file), std::move(slots), clock)));
}

Result<std::unique_ptr<Journal>> Journal::open(std::unique_ptr<JournalFile> file, Durability durability,
                                               Clock& clock) {
  HeaderSlots slots(*file);
  if (file->size() == 0)
    return make_error(ErrorCode::kNotFound, "the journal file is empty: making it was not finished");
  if (file->size() < kRingOffset + journal_format::kRingBytesMin) {
    return make_error(ErrorCode::kCorrupt, "the journal file is shorter than any journal");
  }
  if (Status loaded = slots.load(); !loaded) return loaded.error();
  if (file->size() - kRingOffset < slots.header.capacity) {
    return make_error(ErrorCode::kCorrupt, "the journal file is shorter than its header says");
  }
  auto impl = std::make_unique<Impl>(std::move(file), std::move(slots), clock);
  impl->recover(durability);
  return std::unique_ptr<Journal>(new Journal(std::move(impl)));
}

void Journal::Impl::recover(Durability wanted) {
  Header& header = slots.header;
  if (header.failed) {
    refuse(
        make_error(ErrorCode::kIo, "a write to this journal has failed before: drain it and make another"));
  } else if (wanted != durability) {
    refuse(make_error(ErrorCode::kRefused,
                      "this journal was made for the other durability: drain it and make "
                      "another"));
  }
  // What was written and never synced is made safe before anything is written after it.
  if (durability == Durability::kPower) {
    if (Status synced = file->sync(); !synced) refuse(synced.error());
  }
  const RecoveredChain chain = follow_chain(ring, kept, index);
  head = chain.end;
  const CutOff cut_off = erase_cut_off(ring, kept, head);
  if (!chain.readable) refuse(chain.readable.error());
  if (cut_off.bytes > 0) {
    Status erased = cut_off.erased;
    if (erased) erased = file->sync();
    if (!erased) refuse(erased.error());
  }
  const bool any = head.seq > kept.seq;
  recovery.first_seq = any ? kept.seq : 0;
  recovery.last_seq = any ? head.seq - 1 : 0;
  recovery.damaged_bytes = cut_off.bytes;
  // That the power went while a record was replayed is not the record's doing.
  if (boot_id != clock.boot_id()) header.in_progress_seq = header.in_progress_attempts = 0;
  recovery.in_progress_seq = header.in_progress_seq;
  recovery.in_progress_attempts = header.in_progress_attempts;
  if (boot_id == clock.boot_id()) {
    // From the future, the newest record is of the boot before: a process that died early has left only its
    // boot's id here.
    if (chain.last_boot_ms <= clock.now().boot_ms + kSameBootMs) last_boot_ms = chain.last_boot_ms;
  } else {
    header.boot_id = clock.boot_id().substr(0, journal_format::kIdBytesMax);
    if (Status stored = slots.store(!refusal); !stored) refuse(stored.error());
  }
}

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::~Journal() = default;

const std::string& Journal::id() const {
  return impl_->id;
}

const std::string& Journal::boot_id() const {
  return impl_->boot_id;
}

const JournalRecovery& Journal::recovery() const {
  return impl_->recovery;
}

Durability Journal::durability() const {
  return impl_->durability;
}

bool Journal::can_append() const {
  std::lock_guard lock(impl_->state_mutex);
  return !impl_->refusal.has_value();
}

std::uint64_t Journal::capacity_bytes() const {
  return impl_->ring.capacity();
}

std::uint64_t Journal::used_bytes() const {
  std::lock_guard lock(impl_->state_mutex);
  return impl_->head.position - impl_->tail.position;
}

std::uint64_t Journal::last_seq() const {
  std::lock_guard lock(impl_->state_mutex);
  return impl_->head.seq - 1;
}

std::uint64_t Journal::largest_record_bytes() const {
  return impl_->ring.capacity() - kRecordHeadBytes;
}

}  // namespace sluice
