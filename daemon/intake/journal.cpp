#include "intake/journal.h"

#include <algorithm>
#include <cstring>

#include "intake/journal_impl.h"

namespace sluice {

using journal_format::decode_head;
using journal_format::Header;
using journal_format::kRecordHeadBytes;
using journal_format::Place;
using journal_format::RecordHead;

namespace {
constexpr std::size_t kCopyBytes = 256 * 1024;
}

// ---- failing

// The first reason stays.
void Journal::Impl::refuse(const Error& why) {
  if (!refusal) refusal = why;
}

// A failed write or sync: the page cache may now say other than the disk, so nothing may ever be appended
// behind it. The header remembers that for the next process of this boot as well as it can.
Error Journal::Impl::fail(const Error& why) {
  {
    std::lock_guard lock(state_mutex);
    refuse(make_error(why.code, "the journal's disk failed: " + why.context));
  }
  slots.header.failed = true;
  (void)slots.store(false);
  return why;
}

// ---- appending

// boot_ms neither goes back between records nor between a record and what wait() returned before it.
Instant Journal::Impl::now_in_order() {
  Instant now = clock.now();
  now.boot_ms = std::max(now.boot_ms, last_boot_ms);
  last_boot_ms = now.boot_ms;
  return now;
}

Result<std::uint64_t> Journal::append(const NewRecord& record) {
  Impl& my = *impl_;
  if (record.topic.size() > largest_record_bytes() ||
      record.payload.size() > largest_record_bytes() - record.topic.size()) {
    return make_error(ErrorCode::kInvalid, "the record is longer than the whole journal: raise journal_size");
  }
  const std::size_t length = kRecordHeadBytes + record.topic.size() + record.payload.size();
  const auto padded = static_cast<std::size_t>(my.ring.padded(length));

  std::lock_guard one_at_a_time(my.append_mutex);
  std::unique_lock lock(my.state_mutex);
  if (Status room = my.make_room(padded, lock); !room) return room.error();
  const Place place = my.head;
  if (my.scratch.size() < padded) my.scratch.resize(padded);
  journal_format::encode_record(record, place.seq, my.now_in_order(), my.ring.seed(), my.scratch.data());
  std::memset(my.scratch.data() + length, 0, padded - length);
  if (Status written = my.ring.write(place.position, my.scratch.data(), padded); !written) {
    lock.unlock();
    std::lock_guard header_lock(my.header_mutex);
    return my.fail(written.error());
  }
  my.index.add(place);
  my.head = Place{place.seq + 1, place.position + padded};
  const bool somebody_waits = my.waiting > 0;
  lock.unlock();
  if (somebody_waits) my.arrived.notify_all();
  if (my.durability == Durability::kPower) {
    if (Status synced = my.file->sync(); !synced) {
      std::lock_guard header_lock(my.header_mutex);
      return my.fail(synced.error());
    }
  }
  return place.seq;
}

// Room for `size` bytes that both header slots allow to be overwritten.
Status Journal::Impl::make_room(std::uint64_t size, std::unique_lock<std::mutex>& state_lock) {
  if (refusal) return *refusal;
  const std::uint64_t end = head.position + size;
  if (end - kept.position <= ring.capacity()) return {};
  if (end - tail.position > ring.capacity()) {
    return make_error(ErrorCode::kFull, "the journal is full: the store is not keeping up");
  }
  state_lock.unlock();
  Status moved = keep_tail();
  state_lock.lock();
  if (!moved) return moved;
  if (refusal) return *refusal;
  return {};
}

// ---- releasing

// Tells the disk what has been released; only then may it be overwritten. `again`: also if it knows.
Status Journal::Impl::keep_tail(bool again) {
  std::lock_guard header_lock(header_mutex);
  Place place;
  {
    std::lock_guard lock(state_mutex);
    if (refusal) return *refusal;
    if (!again && tail.position == kept.position && tail.seq == kept.seq) return {};
    place = tail;
  }
  slots.header.kept = place;
  if (Status stored = slots.store_twice(); !stored) return fail(stored.error());
  std::lock_guard lock(state_mutex);
  kept = place;
  return {};
}

void Journal::release(std::uint64_t seq) {
  Impl& my = *impl_;
  Result<Place> place = my.find(seq + 1, nullptr);
  if (!place.ok()) return;  // stays in use; a later release may be readable again
  bool keep = false;
  {
    std::lock_guard lock(my.state_mutex);
    if (place->seq <= my.tail.seq) return;
    my.tail = *place;
    my.released.notify_all();
    keep = my.tail.position - my.kept.position >= my.ring.capacity() / 4 && !my.refusal;
  }
  // A failure shows at the next append.
  if (keep) (void)my.keep_tail();
}

void Journal::wait_for_room(std::uint64_t used_bytes_max, std::chrono::milliseconds timeout) {
  Impl& my = *impl_;
  std::unique_lock lock(my.state_mutex);
  my.released.wait_for(
      lock, timeout, [&my, used_bytes_max] { return my.head.position - my.tail.position <= used_bytes_max; });
}

Status Journal::resume_after(std::uint64_t cursor) {
  Impl& my = *impl_;
  release(cursor);
  std::lock_guard one_at_a_time(my.append_mutex);
  {
    std::lock_guard lock(my.state_mutex);
    if (my.refusal) return {};
    if (my.head.seq <= cursor) {
      my.head.seq = cursor + 1;
      my.tail = my.head;
    }
  }
  // An earlier process may have died between the two slots, or what it has written and could not sync is read
  // from the page cache and is not on the disk: what is appended now must not have to be found behind that.
  return my.keep_tail(true);
}

// ---- reading

// The place of record `seq`, or of the nearest that there is; `end`, if given, receives the head's position.
Result<Place> Journal::Impl::find(std::uint64_t seq, std::uint64_t* end) {
  Place from;
  Place last;
  {
    std::lock_guard lock(state_mutex);
    last = head;
    seq = std::clamp(seq, tail.seq, head.seq);
    if (seq == head.seq) {
      from = head;
    } else if (seq == reader.seq && reader.position >= tail.position) {
      from = reader;
    } else {
      from = index.nearest(seq, tail);
    }
  }
  if (end != nullptr) *end = last.position;
  return ring.walk(from, seq, last.position);
}

Status Journal::read(std::uint64_t after_seq, std::vector<char>& buffer, std::size_t buffer_bytes_max,
                     std::vector<JournalRecord>& records) {
  Impl& my = *impl_;
  records.clear();
  if (after_seq >= last_seq()) {
    buffer.clear();
    return {};
  }
  std::uint64_t end = 0;
  Result<Place> found = my.find(after_seq + 1, &end);
  if (!found.ok()) return found.error();
  Place place = *found;
  const std::uint64_t there = end - place.position;
  if (there == 0) return {};
  const std::uint64_t wanted = std::max<std::uint64_t>(buffer_bytes_max, kRecordHeadBytes);
  buffer.resize(static_cast<std::size_t>(std::min(wanted, there)));
  if (Status done = my.ring.read(place.position, buffer.data(), buffer.size()); !done) return done;
  const RecordHead head = decode_head(reinterpret_cast<const unsigned char*>(buffer.data()));
  if (head.length > buffer.size() && head.length <= there) {
    buffer.resize(head.length);
    if (Status done = my.ring.read(place.position, buffer.data(), buffer.size()); !done) return done;
  }
  my.parse(buffer, place, records);
  if (records.empty()) {
    return make_error(ErrorCode::kCorrupt, "journal record " + std::to_string(place.seq) +
                                               " can no longer be read: check the disk it lies on");
  }
  std::lock_guard lock(my.state_mutex);
  my.reader = place;
  return {};
}

// Takes whole, valid records from the front of `buffer` and moves `place` behind them.
void Journal::Impl::parse(const std::vector<char>& buffer, Place& place,
                          std::vector<JournalRecord>& records) const {
  std::uint64_t at = 0;
  while (at < buffer.size() && buffer.size() - at >= kRecordHeadBytes) {
    const char* bytes = buffer.data() + at;
    const RecordHead head = decode_head(reinterpret_cast<const unsigned char*>(bytes));
    if (!head_fits(head, place.seq, buffer.size() - at) ||
        !checksum_holds(head, reinterpret_cast<const unsigned char*>(bytes), ring.seed())) {
      return;
    }
    records.push_back(record_in(head, bytes));
    at += ring.padded(head.length);
    place = Place{place.seq + 1, place.position + ring.padded(head.length)};
  }
}

Instant Journal::wait(std::uint64_t after_seq, std::chrono::milliseconds timeout) {
  Impl& my = *impl_;
  std::unique_lock lock(my.state_mutex);
  auto ready = [&my, after_seq] { return my.head.seq - 1 > after_seq || my.woken; };
  if (!ready() && timeout.count() > 0) {
    ++my.waiting;
    my.arrived.wait_for(lock, timeout, ready);
    --my.waiting;
  }
  my.woken = false;
  return my.now_in_order();
}

void Journal::wake() {
  {
    std::lock_guard lock(impl_->state_mutex);
    impl_->woken = true;
  }
  impl_->arrived.notify_all();
}

// ---- what the header counts

// Not synced: it has to outlive the process, not the power.
Status Journal::mark_in_progress(std::uint64_t seq) {
  std::lock_guard header_lock(impl_->header_mutex);
  Header& header = impl_->slots.header;
  if (seq != header.in_progress_seq) {
    header.in_progress_seq = seq;
    header.in_progress_attempts = seq == 0 ? 0 : 1;
  } else if (impl_->marked || seq == 0) {
    return {};
  } else {
    ++header.in_progress_attempts;
  }
  impl_->marked = true;
  return impl_->slots.store(false);
}

Status Journal::set_dropped(const JournalDrops& drops) {
  std::lock_guard header_lock(impl_->header_mutex);
  impl_->slots.header.dropped = drops;
  {
    std::lock_guard lock(impl_->state_mutex);
    impl_->dropped = drops;
  }
  return impl_->slots.store(can_append());
}

JournalDrops Journal::dropped() const {
  std::lock_guard lock(impl_->state_mutex);
  return impl_->dropped;
}

// ---- copying

Status Journal::copy_to(JournalFile& copy) {
  Impl& my = *impl_;
  Place from;
  Place to;
  HeaderSlots slots(copy);
  {
    std::scoped_lock locks(my.header_mutex, my.state_mutex);
    slots.header = my.slots.header;
    from = my.tail;
    to = my.head;
  }
  slots.header.kept = from;
  slots.header.failed = true;  // nobody appends behind a copy
  JournalRing target(copy, my.ring.capacity(), my.durability, my.ring.seed());
  std::vector<char> bytes(kCopyBytes);
  for (std::uint64_t at = from.position; at < to.position;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), to.position - at));
    if (Status done = my.ring.read(at, bytes.data(), size); !done) return done;
    if (Status done = target.write(at, bytes.data(), size); !done) return done;
    at += size;
  }
  return slots.store_twice();
}

}  // namespace sluice
