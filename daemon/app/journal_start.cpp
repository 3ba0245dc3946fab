#include "app/journal_start.h"

#include <algorithm>
#include <random>
#include <vector>

#include "base/counted.h"
#include "intake/journal_format.h"
#include "intake/posix_journal_file.h"

namespace sluice {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kRowsMax = 5000;
constexpr std::uint32_t kAttemptsMax = 2;
constexpr int kOpenTries = 3;

struct FoundRing {
  std::string path;
  std::unique_ptr<Journal> journal;
  std::uint64_t first_seq() const {
    const std::uint64_t oldest = journal->recovery().first_seq;
    return oldest > 0 ? oldest : journal->last_seq() + 1;
  }
};
struct FoundRings {
  std::vector<FoundRing> rings;     // the oldest first
  std::vector<std::string> copies;  // files that have nothing but what one of the rings has
};

// A disk that says no once may be read a moment later.
Result<std::unique_ptr<Journal>> open_ring(const std::string& path, Durability durability, Clock& clock) {
  for (int left = kOpenTries;;) {
    auto file = open_ring_file(path);
    if (!file.ok()) return file.error();
    auto journal = Journal::open(std::move(*file), durability, clock);
    if (journal.ok() || journal.error().code != ErrorCode::kIo || --left == 0) return journal;
  }
}

// What a stop copied for the case of a reboot, and the ring is still there, perhaps with more in it by now.
void set_copies_apart(FoundRings& found) {
  std::vector<FoundRing>& rings = found.rings;
  for (std::size_t i = 0; i < rings.size(); ++i) {
    for (std::size_t j = rings.size() - 1; j > i; --j) {
      if (rings[i].journal->id() != rings[j].journal->id()) continue;
      if (rings[j].journal->last_seq() > rings[i].journal->last_seq()) std::swap(rings[i], rings[j]);
      found.copies.push_back(rings[j].path);
      rings.erase(rings.begin() + static_cast<std::ptrdiff_t>(j));
    }
  }
}

Result<FoundRings> find_rings(const JournalPlaces& places, Clock& clock, Log& log, std::string& damage) {
  FoundRings found;
  std::vector<std::string> folders{places.runtime_dir};
  if (places.state_dir != places.runtime_dir) folders.push_back(places.state_dir);
  for (const std::string& folder : folders) {
    remove_unfinished_ring(folder);
    auto rings = list_ring_files(folder);
    if (!rings.ok()) return rings.error();
    for (const RingFile& ring : *rings) {
      auto journal = open_ring(ring.path, places.durability, clock);
      if (!journal.ok() && journal.error().code == ErrorCode::kNotFound) {
        // Never finished, so nothing was acknowledged into it.
        if (Status removed = remove_ring_file(ring.path); !removed.ok()) return removed.error();
        continue;
      }
      if (!journal.ok() &&
          (journal.error().code == ErrorCode::kCorrupt || journal.error().code == ErrorCode::kIo)) {
        // Neither header can be used: kept aside for a person to look at.
        damage = ring.path + " cannot be read: " + journal.error().context;
        log.error("{}", damage);
        if (Status moved = put_ring_file_aside(ring.path); !moved.ok()) return moved.error();
        continue;
      }
      if (!journal.ok()) return journal.error();
      if ((*journal)->recovery().damaged_bytes > 0) {
        damage = std::to_string((*journal)->recovery().damaged_bytes) + " bytes of the journal " + ring.path +
                 " cannot be read";
        log.error("{}", damage);
      }
      found.rings.push_back({ring.path, std::move(*journal)});
    }
  }
  set_copies_apart(found);
  std::sort(found.rings.begin(), found.rings.end(),
            [](const FoundRing& a, const FoundRing& b) { return a.first_seq() < b.first_seq(); });
  return found;
}

// A disk that does not take a batch is no reason not to start: alerts do not need it.
bool may_wait(const Error& error) {
  return error.code == ErrorCode::kNoSpace || error.code == ErrorCode::kIo ||
         error.code == ErrorCode::kUnavailable;
}

// A record that changes nothing but the clock is stored as well: it is released with the others, and what the
// journal has released the store must have.
Status commit(Engine& engine, Store& store, const std::string& journal_id, JournalStart& start, Clock& clock,
              Log& log) {
  while (!start.unstored && (engine.pending() || engine.last_seq() > start.stored_seq)) {
    Batch batch = engine.take_batch();
    batch.cursor.journal_id = journal_id;
    Status done = store.commit(batch);
    // Under a clock that nobody has set in this boot nothing is old.
    const bool trusted = batch.clock.clock_trusted && batch.clock.boot_id == clock.boot_id();
    if (!done.ok() && done.error().code == ErrorCode::kNoSpace &&
        store.make_space(trusted ? clock.now().wall_ms : 0).ok()) {
      done = store.commit(batch);
    }
    if (done.ok()) {
      start.stored_seq = batch.cursor.seq;
      continue;
    }
    if (!may_wait(done.error())) return done;
    log.error("cannot store: {}; starting all the same", done.error().context);
    start.unstored = std::move(batch);
  }
  return {};
}

// What an earlier process gave up while it could not store, and the ledger never learnt of.
void skip_dropped(const std::vector<FoundRing>& rings, Engine& engine, Log& log) {
  JournalDrops newest;
  for (const FoundRing& ring : rings) {
    if (ring.journal->dropped().through_seq > newest.through_seq) newest = ring.journal->dropped();
  }
  if (newest.through_seq <= engine.last_seq()) return;
  log.warning("{} given up while nothing could be stored; the ledger counts them now",
              counted(newest.readings, "reading"));
  engine.skip_dropped(newest.through_seq, newest.messages, newest.readings, newest.clock);
}

// The database is older than what the journal was told to release: a restored backup, or a damaged log of it.
// Empty: it is not.
std::string find_gap(const std::vector<FoundRing>& rings, std::uint64_t stored_seq) {
  if (rings.empty() || stored_seq == 0) return {};
  const std::uint64_t first = rings.front().first_seq();
  if (first <= stored_seq + 1) return {};
  return counted(first - stored_seq - 1, "record") +
         " that had been stored went missing: the database ends at record " + std::to_string(stored_seq) +
         ", the journal begins at " + std::to_string(first);
}

// If this does not succeed, the next start sees that it was not finished.
void remove_unfinished(const JournalPlaces& places, const std::string& id) {
  for (const std::string& folder : {places.runtime_dir, places.state_dir}) {
    auto rings = list_ring_files(folder);
    if (!rings.ok()) continue;
    for (const RingFile& ring : *rings)
      if (ring.id == id) (void)remove_ring_file(ring.path);
  }
}

void tell(Engine& engine, AlertSlots& slots) {
  for (const AlertEvent& event : engine.take_events()) slots.put(event);
}

// Folds what the ring holds beyond the cursor and stores it.
Status drain(Journal& ring, Engine& engine, Store& store, AlertSlots& slots, JournalStart& start,
             Clock& clock, Log& log, const std::function<void()>& progress) {
  const JournalRecovery& found = ring.recovery();
  std::vector<char> buffer;
  std::vector<JournalRecord> records;
  std::uint64_t folded = 0;
  for (;;) {
    progress();
    const std::uint64_t after = std::max(engine.last_seq(), found.first_seq == 0 ? 0 : found.first_seq - 1);
    if (Status read = ring.read(after, buffer, kReadBytes, records); !read.ok()) return read;
    if (records.empty()) break;
    for (const JournalRecord& record : records) {
      const bool poison = record.seq == found.in_progress_seq && found.in_progress_attempts >= kAttemptsMax;
      if (poison) {
        log.error("a message on {} ended the process {} times; it goes to quarantine", record.topic,
                  found.in_progress_attempts);
        engine.give_up(record);
      } else {
        // Those before the one that ended a process went well then; to mark them would forget its attempts.
        const bool mark = record.seq >= found.in_progress_seq;
        if (mark) {
          if (Status marked = ring.mark_in_progress(record.seq); !marked.ok()) return marked;
        }
        engine.handle(record);
        // What ends the process from here on, a broken disk or a kill, is not this record's doing.
        if (mark) {
          if (Status marked = ring.mark_in_progress(0); !marked.ok()) return marked;
        }
      }
      ++folded;
      tell(engine, slots);
    }
    if (engine.pending_readings() < kRowsMax) continue;
    progress();
    if (Status done = commit(engine, store, ring.id(), start, clock, log); !done.ok()) return done;
  }
  // What a changed configuration alone brings about waits for the life that it is to begin.
  if (engine.last_seq() > start.stored_seq) {
    if (Status done = commit(engine, store, ring.id(), start, clock, log); !done.ok()) return done;
  }
  if (folded > 0) log.info("replayed {} of the journal", counted(folded, "record"));
  return {};
}

}  // namespace

std::string random_ring_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 16; ++i) id += "0123456789abcdef"[device() & 15];
  return id;
}

Result<JournalStart> start_journal(const JournalPlaces& places, Engine& engine, Store& store,
                                   AlertSlots& slots, Clock& clock, Log& log,
                                   const std::function<void()>& progress) {
  JournalStart start;
  auto found = find_rings(places, clock, log, start.damage);
  if (!found.ok()) return found.error();
  std::vector<FoundRing>& rings = found->rings;
  start.stored_seq = engine.last_seq();
  tell(engine, slots);
  skip_dropped(rings, engine, log);
  if (const std::string gap = find_gap(rings, engine.last_seq()); !gap.empty()) {
    log.error("{}", gap);
    start.damage += (start.damage.empty() ? "" : "; ") + gap;
  }
  for (FoundRing& ring : rings) {
    Status done = drain(*ring.journal, engine, store, slots, start, clock, log, progress);
    if (!done.ok()) return done.error();
  }
  // A drained ring that is as configured and of this boot goes on; the others have done their work. What is
  // not stored yet must stay in a ring: then the newest one goes on, whatever its size and place.
  const std::uint64_t configured_capacity = journal_format::ring_capacity(places.size_bytes);
  const std::string& folder = places.durability == Durability::kPower ? places.state_dir : places.runtime_dir;
  for (std::size_t i = 0; i < rings.size(); ++i) {
    FoundRing& ring = rings[i];
    bool fits = ring.path.rfind(folder + "/", 0) == 0 &&
                ring.journal->capacity_bytes() == configured_capacity &&
                ring.journal->boot_id() == clock.boot_id();
    if (start.unstored) fits = i + 1 == rings.size() && ring.journal->last_seq() >= engine.last_seq();
    if (!start.journal && fits && ring.journal->can_append()) {
      start.journal = std::move(ring.journal);
      const std::uint64_t over = start.unstored ? start.stored_seq : engine.last_seq();
      if (Status resumed = start.journal->resume_after(over); !resumed.ok()) return resumed.error();
      continue;
    }
    ring.journal.reset();
    if (start.unstored) continue;
    if (Status removed = remove_ring_file(ring.path); !removed.ok()) return removed.error();
  }
  if (!start.unstored) {
    for (const std::string& copy : found->copies)
      if (Status removed = remove_ring_file(copy); !removed.ok()) return removed.error();
  }
  if (start.journal) return start;
  const std::string& id = places.new_id;
  auto file = create_ring_file(folder, id, places.size_bytes, places.durability);
  if (!file.ok() && file.error().code == ErrorCode::kNoSpace && folder == places.runtime_dir) {
    start.elsewhere = file.error().context;
    log.error("{}; the journal goes to {} until the next start, which costs the card more", start.elsewhere,
              places.state_dir);
    file = create_ring_file(places.state_dir, id, places.size_bytes, places.durability);
  }
  if (!file.ok()) return file.error();
  auto journal = Journal::create(std::move(*file), places.durability, clock, id, engine.last_seq() + 1);
  if (!journal.ok()) {
    remove_unfinished(places, id);
    return journal.error();
  }
  start.journal = std::move(*journal);
  return start;
}

}  // namespace sluice
