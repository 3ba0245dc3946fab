#include "app/journal_start.h"

#include <algorithm>
#include <random>
#include <vector>

#include "intake/journal_format.h"
#include "intake/posix_journal_file.h"

namespace sluice {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kRowsMax = 5000;
constexpr std::uint32_t kAttemptsMax = 2;

struct FoundRing {
  std::string path;
  std::unique_ptr<Journal> journal;
};

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 16; ++i) id += "0123456789abcdef"[device() & 15];
  return id;
}

Result<std::vector<FoundRing>> find_rings(const JournalPlaces& places, Clock& clock, Log& log,
                                          std::string& damage) {
  std::vector<FoundRing> found;
  std::vector<std::string> folders{places.runtime_dir};
  if (places.state_dir != places.runtime_dir) folders.push_back(places.state_dir);
  for (const std::string& folder : folders) {
    auto rings = list_ring_files(folder);
    if (!rings.ok()) return rings.error();
    for (const RingFile& ring : *rings) {
      auto file = open_ring_file(ring.path);
      if (!file.ok()) return file.error();
      auto journal = Journal::open(std::move(*file), places.durability, clock);
      if (!journal.ok() && journal.error().code == ErrorCode::kNotFound) {
        // Never finished, so nothing was acknowledged into it.
        if (Status removed = remove_ring_file(ring.path); !removed.ok()) return removed.error();
        continue;
      }
      if (!journal.ok() && journal.error().code == ErrorCode::kCorrupt) {
        // Damaged in both headers: kept aside for a person to look at.
        damage = ring.path + " cannot be read: " + journal.error().context;
        log.error("{}", damage);
        if (std::rename(ring.path.c_str(), (ring.path + ".damaged").c_str()) != 0) {
          return make_error(ErrorCode::kIo, "cannot move " + ring.path + " aside");
        }
        continue;
      }
      if (!journal.ok()) return journal.error();
      if ((*journal)->recovery().damaged_bytes > 0) {
        damage = std::to_string((*journal)->recovery().damaged_bytes) + " bytes of the journal " + ring.path +
                 " cannot be read";
        log.error("{}", damage);
      }
      found.push_back({ring.path, std::move(*journal)});
    }
  }
  std::sort(found.begin(), found.end(), [](const FoundRing& a, const FoundRing& b) {
    return a.journal->recovery().first_seq < b.journal->recovery().first_seq;
  });
  return found;
}

// Folds what the ring holds beyond the cursor and stores it.
Status drain(Journal& ring, Engine& engine, Store& store, AlertSlots& slots, Log& log) {
  const JournalRecovery& found = ring.recovery();
  std::vector<char> buffer;
  std::vector<JournalRecord> records;
  std::uint64_t folded = 0;
  auto commit = [&]() -> Status {
    while (engine.pending()) {
      Batch batch = engine.take_batch();
      batch.cursor.journal_id = ring.id();
      if (Status done = store.commit(batch); !done.ok()) return done;
    }
    return {};
  };
  for (;;) {
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
        if (Status marked = ring.mark_in_progress(record.seq); !marked.ok()) return marked;
        engine.handle(record);
      }
      ++folded;
      for (const AlertEvent& event : engine.take_events()) slots.put(event);
    }
    if (engine.pending_readings() >= kRowsMax) {
      if (Status done = commit(); !done.ok()) return done;
    }
  }
  if (Status done = commit(); !done.ok()) return done;
  if (folded > 0) log.info("replayed {} records of the journal", folded);
  return {};
}

}  // namespace

Result<JournalStart> start_journal(const JournalPlaces& places, Engine& engine, Store& store,
                                   AlertSlots& slots, Clock& clock, Log& log) {
  JournalStart start;
  auto rings = find_rings(places, clock, log, start.damage);
  if (!rings.ok()) return rings.error();
  for (FoundRing& ring : *rings) {
    if (Status done = drain(*ring.journal, engine, store, slots, log); !done.ok()) return done.error();
  }
  // A drained ring that is as configured and of this boot goes on; the others have done their work.
  const std::uint64_t configured_capacity = journal_format::ring_capacity(places.size_bytes);
  const std::string& folder = places.durability == Durability::kPower ? places.state_dir : places.runtime_dir;
  for (FoundRing& ring : *rings) {
    const bool fits = !start.journal && ring.path.rfind(folder + "/", 0) == 0 &&
                      ring.journal->capacity_bytes() == configured_capacity &&
                      ring.journal->boot_id() == clock.boot_id() && ring.journal->can_append();
    if (fits) {
      start.journal = std::move(ring.journal);
      if (Status resumed = start.journal->resume_after(engine.last_seq()); !resumed.ok())
        return resumed.error();
      continue;
    }
    ring.journal.reset();
    if (Status removed = remove_ring_file(ring.path); !removed.ok()) return removed.error();
  }
  if (start.journal) return start;
  const std::string id = random_id();
  auto file = create_ring_file(folder, id, places.size_bytes, places.durability);
  if (!file.ok()) return file.error();
  auto journal = Journal::create(std::move(*file), places.durability, clock, id, engine.last_seq() + 1);
  if (!journal.ok()) return journal.error();
  start.journal = std::move(*journal);
  return start;
}

}  // namespace sluice
