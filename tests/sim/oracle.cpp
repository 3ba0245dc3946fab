#include "sim/oracle.h"

#include <cmath>
#include <set>

#include "app/audit.h"
#include "base/time_text.h"
#include "sim/facts.h"

namespace sluice::sim {

namespace {

constexpr std::int64_t kDay = 24 * kHour;
// A connection's backlog is over when its heartbeat has come back.
constexpr std::int64_t kBacklogMs = 3 * kMinute;

std::string name_of(const Sent& sent) {
  return sent.message.topic + " " + sent.message.payload;
}

// ---- P1, P2: what was acknowledged is there once; nothing is there that nobody sent.

void check_rows_are_known(Facts& f) {
  for (const Row& row : f.rows) {
    const bool known =
        !row.sent.empty() && row.first().sensor == row.sensor && row.first().value == row.reading.value;
    if (!f.expect(known, "P2", "a row that nobody sent, of " + row.sensor)) continue;
    const Sent& sent = row.first();
    f.expect(sent.time_ms == 0 || sent.time_ms == row.reading.time_ms, "P2",
             "the time has changed of " + name_of(sent));
  }
}

// How often one reading is there, and how often it may be.
struct Copies {
  std::size_t rows = 0;
  std::size_t counted = 0;
  std::size_t owed = 0;    // publications of it that were acknowledged and not excused
  std::size_t handed = 0;  // at most so many rows
  bool several = false;    // published more than once, or repeated as if it were new
};

void check_copies(Facts& f, const Sent& first, const Copies& one) {
  const std::string name = name_of(first);
  const std::string times = " times: " + name;
  const bool told_apart = first.time_ms != 0;
  f.expect(one.counted <= 1 || (one.several && !told_apart), "P2",
           "counted " + std::to_string(one.counted) + times);
  f.expect(one.rows <= (one.several ? one.handed : 1), "P2", "stored " + std::to_string(one.rows) + times);
}

// Twice in a row a process of one boot died in the moment of folding it; a sample of it is kept.
std::set<std::string> taken_for_poison(Facts& f) {
  std::set<std::string> names;
  if (f.e.history.deaths < 2) return names;
  for (const StoredSample& sample : f.must(f.view.quarantine("messages_rejected/crashed", 1000)))
    names.insert(sample.topic + " " + sample.payload);
  return names;
}

void check_readings(Facts& f) {
  check_rows_are_known(f);
  const std::set<std::string> poison = taken_for_poison(f);
  std::map<std::uint32_t, Copies> copies;
  for (const Row& row : f.rows) {
    Copies& one = copies[serial_of(row.reading.value)];
    ++one.rows;
    if ((row.reading.flags & kDuplicate) == 0) ++one.counted;
  }
  std::size_t given_up = 0;
  for (const auto& [serial, sent] : f.sent_by_serial) {
    Copies& one = copies[serial];
    bool in_trouble = false;
    one.several = sent.size() > 1;
    for (const Sent* copy : sent) {
      one.owed += copy->acknowledged && !copy->may_be_lost && !copy->may_be_refused && !copy->message.retain;
      one.several |= copy->message.retain || copy->may_be_double;
      one.handed += copy->handed.size();
      for (const Sent::Handed& handed : copy->handed)
        in_trouble |= any_holds(f.e.history.disk_troubles, handed.true_ms);
    }
    check_copies(f, *sent.front(), one);
    if (one.owed == 0 || one.counted > 0) continue;  // equal ones under one packet id may be one row
    // A disk that takes nothing for long costs readings, and the ledger says how many.
    ++given_up;
    if ((in_trouble && given_up <= f.dropped) || poison.contains(name_of(*sent.front()))) continue;
    f.fail("P1", "acknowledged and not stored: " + name_of(*sent.front()) + ", handed over at " +
                     format_rfc3339(sent.front()->handed_ms) +
                     (in_trouble ? ", and the ledger has given up only " + std::to_string(f.dropped) : ""));
  }
  f.expect(f.dropped == 0 || !f.e.history.disk_troubles.empty(), "P1",
           "readings were given up, and the disk never failed");
}

// ---- P9: each row has the time that the clocks explain.

bool near(std::int64_t a, std::int64_t b) {
  return std::abs(a - b) <= kSecond;
}

bool explains(const Facts& f, const Sent::Handed& handed, const Reading& r) {
  auto found = f.e.boots.find(handed.boot);
  const BootClock boot = found == f.e.boots.end() ? BootClock{} : found->second;
  const bool wrong = boot.stepped || (boot.trusted && !boot.right);
  // An estimate goes on from the last time known.
  if ((r.flags & kTimeEstimated) != 0) return !boot.trusted || boot.forgotten || boot.stepped;
  if (near(r.time_ms, handed.true_ms)) return true;
  if (!wrong) return false;
  // What its own clock said then, or what it says of then since it is trusted.
  if (near(r.time_ms, handed.clock.wall_ms)) return true;
  for (const std::int64_t offset_ms : boot.offsets_ms)
    if (near(r.time_ms, handed.clock.boot_ms + offset_ms)) return true;
  return false;
}

// ---- what a row says of itself has a reason outside

bool was_unset(const Facts& f, const Sent::Handed& handed) {
  auto found = f.e.boots.find(handed.boot);
  if (found == f.e.boots.end()) return true;
  const BootClock& boot = found->second;
  return !boot.trusted || boot.forgotten || handed.true_ms <= boot.trusted_ms;
}

bool was_queued(const Facts& f, const Sent::Handed& handed) {
  const auto& connects = f.e.history.connects;
  auto next = std::upper_bound(connects.begin(), connects.end(), handed.true_ms);
  return next != connects.begin() &&
         (f.e.history.heartbeats_wait || handed.true_ms - *std::prev(next) <= kBacklogMs);
}

bool was_too_late(const Sent::Handed& handed, const Reading& r) {
  return std::max(handed.clock.wall_ms, handed.true_ms) - r.time_ms > 6 * kDay;
}

void check_row(Facts& f, const Row& row) {
  const Reading& r = row.reading;
  bool timed = (r.flags & kPayloadTime) != 0;
  bool unset = false;
  bool queued = false;
  bool late = false;
  bool retained = false;
  std::size_t handings = 0;
  for (const Sent* sent : row.sent) {
    retained |= sent->message.retain;
    handings += sent->handed.size();
    for (const Sent::Handed& handed : sent->handed) {
      timed |= explains(f, handed, r);
      unset |= was_unset(f, handed);
      queued |= was_queued(f, handed);
      late |= was_too_late(handed, r);
    }
  }
  const std::string name = name_of(row.first());
  f.expect(timed, "P9",
           name + " is of " + format_rfc3339(r.time_ms) + ", and arrived at " +
               format_rfc3339(row.first().handed_ms) + ", flags " + std::to_string(r.flags));
  f.expect(unset || (r.flags & kClockUnset) == 0, "P9", name + " is called of an unset clock");
  f.expect(queued || (r.flags & kQueued) == 0, "P3", name + " is said to have waited");
  f.expect(retained || (r.flags & kRetained) == 0, "P3", name + " is called retained");
  f.expect(late || (r.flags & kTooLate) == 0, "P4", name + " is called too late");
  f.expect(handings > 1 || (r.flags & kDuplicate) == 0, "P2", name + " is called a duplicate");
}

void check_clock(Facts& f) {
  f.expect(!f.must(f.view.waits_for_clock()), "P9", "readings still wait for the clock");
  for (const Row& row : f.rows)
    if (!row.sent.empty()) check_row(f, row);
}

// ---- P6

void check_books(Facts& f) {
  const AuditReport report = f.must(audit(f.view, f.e.gateway.calendar(), {}, [](auto&&...) {}));
  for (const AuditFinding& finding : report.findings) f.fail("P6", "audit: " + finding.what);
  std::uint64_t received = 0;
  std::uint64_t stored = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t found_later = 0;
  for (const auto& [day, counts] : f.must(f.view.ledger())) {
    f.expect(counts.balanced(), "P6", "the books of " + format_date(day) + " do not balance");
    received += counts[Counter::kMessagesReceived];
    stored += counts[Counter::kReadingsStored];
    duplicate += counts[Counter::kReadingsDuplicate];
    found_later += counts[Counter::kReadingsRepeated];
  }
  const auto repeated = static_cast<std::uint64_t>(std::count_if(
      f.rows.begin(), f.rows.end(), [](const Row& row) { return (row.reading.flags & kDuplicate) != 0; }));
  f.expect(duplicate + found_later == repeated, "P6", "the ledger and the rows differ in duplicates");
  f.expect(stored + duplicate == f.rows.size(), "P6", "the ledger and the rows differ");
  std::uint64_t handed = 0;
  for (const Sent& sent : f.e.sent) handed += sent.handed.size();
  f.expect(f.e.history.deaths > 0 || received == handed, "P6",
           "the ledger has " + std::to_string(received) + " messages, " + std::to_string(handed) +
               " were handed over");
}

// ---- P8

void check_wear(Facts& f) {
  constexpr std::uint64_t kBytesADay = 200'000'000;
  const auto days = static_cast<std::uint64_t>((f.e.now_ms - f.e.history.begin_ms) / kDay + 1);
  f.expect(f.e.written_bytes <= days * kBytesADay, "P8",
           std::to_string(f.e.written_bytes) + " bytes were written in " + std::to_string(days) + " days");
}

}  // namespace

std::vector<std::string> check_promises(const Evidence& evidence) {
  Facts facts(evidence);
  check_readings(facts);
  check_clock(facts);
  check_books(facts);
  check_wear(facts);
  check_alerts(facts);
  check_uploads(facts);
  check_days(facts);  // sums once more
  return std::move(facts.broken);
}

}  // namespace sluice::sim
