// The life of the gateway's processes: how they start, are stopped, die, and what that leaves behind.
#include <cstdlib>
#include <cstring>

#include "intake/journal_format.h"
#include "intake/posix_journal_file.h"
#include "sim/check_throws.h"
#include "sim/world.h"

namespace sluice::sim {

namespace {

constexpr const char* kSpareRing = "/spare/journal-0.ring";

// A record of a ring, as the journal itself reads it.
struct RingRecord {
  RecordKind kind;
  std::uint64_t seq;
  std::uint64_t bytes;
  std::int64_t boot_ms;
  std::string topic;
  std::string payload;
};

// Of a copy, because to open a ring changes it. Empty: of another boot, or it cannot be read.
std::vector<RingRecord> records_of(SimDisk& disk, const std::string& path, SimClock& clock) {
  std::vector<RingRecord> found;
  disk.copy(path, kSpareRing);
  auto file = open_ring_file(kSpareRing);
  auto journal = Journal::open(std::move(*file), Durability::kCrash, clock);
  if (journal.ok() && (*journal)->boot_id() == clock.boot_id()) {
    std::vector<char> buffer;
    std::vector<JournalRecord> records;
    std::uint64_t after = (*journal)->recovery().first_seq;
    for (after = after == 0 ? 0 : after - 1; (*journal)->read(after, buffer, 65536, records).ok();
         after = records.back().seq) {
      if (records.empty()) break;
      for (const JournalRecord& record : records) {
        const std::uint64_t bytes =
            journal_format::kRecordHeadBytes + record.topic.size() + record.payload.size();
        found.push_back({record.kind, record.seq, bytes, record.boot_ms, std::string(record.topic),
                         std::string(record.payload)});
      }
    }
  }
  journal = make_error(ErrorCode::kNotFound, "closed");
  disk.remove(kSpareRing);
  return found;
}

// Where the record lies in the file; 0: it is not there in one piece.
std::size_t place_of(const std::vector<unsigned char>& file, const RingRecord& record) {
  namespace format = journal_format;
  for (std::size_t at = format::kRingOffset; at + record.bytes <= file.size(); at += 8) {
    const format::RecordHead head = format::decode_head(file.data() + at);
    if (head.seq == record.seq && head.length == record.bytes &&
        std::memcmp(file.data() + at + format::kRecordHeadBytes, record.topic.data(), record.topic.size()) ==
            0)
      return at;
  }
  return 0;
}

}  // namespace

// The process may die, or give itself up, in anything that reaches it.
void World::guard(const std::function<void()>& reach) {
  try {
    reach();
  } catch (const ProcessAborted& aborted) {
    say("aborted: " + aborted.why);
    // The process may give itself up when it must not acknowledge, and there is a reason; nothing else is
    // allowed.
    const bool full = aborted.why.find("the journal is full") != std::string::npos;
    const bool disk_has_failed =
        !history_.disk_troubles.empty() && history_.disk_troubles.back().to_ms >= started_ms_;
    const bool excused = full ? plan_.backlog_at_once : disk_has_failed;
    const bool known = aborted.why.find("must not be acknowledged") != std::string::npos ||
                       aborted.why.find("nothing can be kept any more") != std::string::npos;
    if (!known || !excused) findings_.push_back("P1: aborted: " + aborted.why);
    power_goes_ = false;
    disk_.die();
  }
  if (disk_.dead()) bury();
}

void World::start_gateway() {
  trust_noted_ = false;
  leave_until_ms_ = 0;
  ++settings_.starts;
  auto started =
      SimGateway::start(settings_, {disk_, clock_, broker_, receiver_, upstream_, vfs_.name()}, log_);
  // A start that fails has told it in the log, and the next one need not find it again.
  const bool damage_due = std::exchange(damage_due_, false);
  if (disk_.dead()) return say("the start is ended");
  if (started.ok()) {
    gateway_ = std::move(*started);
    failed_starts_ = 0;
    working_ms_ = clock_.true_ms();
    started_ms_ = clock_.true_ms();
    booted_ms_ = clock_.true_ms() - clock_.now().boot_ms;
    if (damage_due && gateway_->vitals().journal_damage.get().empty())
      findings_.push_back("P1: the journal is damaged, and nobody was told");
    // In mode crash a power cut takes what had been stored in the loss window, and that is told.
    const bool may_be_damaged =
        plan_.bit_flips || (plan_.power_cuts && settings_.durability == Durability::kCrash);
    if (const std::string damage = gateway_->vitals().journal_damage.get();
        !damage.empty() && !may_be_damaged)
      findings_.push_back("P10: the journal is called damaged: " + damage);
    return say("the gateway starts");
  }
  say("the gateway cannot start: " + started.error().context);
  if (started.error().code == ErrorCode::kCorrupt) findings_.push_back("P1: " + started.error().context);
  // The service manager tries again after seconds; the world is in more of a hurry.
  restart_ms_ = clock_.true_ms() + std::min(10 * kMinute, 5 * kSecond << std::min(7, failed_starts_++));
}

void World::go_on_leaving(std::int64_t now) {
  if (gateway_->leave() || now >= leave_until_ms_) close_gateway();
}

void World::close_gateway() {
  const Status closed = gateway_->close();
  if (disk_.dead()) return;
  say(closed.ok() ? "the gateway has stopped" : "the gateway has stopped: " + closed.error().context);
  if (closed.ok()) kept_ms_ = clock_.true_ms();
  leave_until_ms_ = 0;
  ended_ms_ = clock_.true_ms();
  history_.ends.push_back(ended_ms_);
  broker_.gateway_died();
  receiver_.gateway_died();
  gateway_.reset();
  restart_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(kMinute));
}

void World::bury() {
  say(power_goes_ ? "power cut" : "killed");
  broker_.gateway_died();
  receiver_.gateway_died();
  if (gateway_) ended_ms_ = clock_.true_ms();
  history_.ends.push_back(clock_.true_ms());
  ++history_.deaths;
  gateway_.reset();
  leave_until_ms_ = 0;
  disk_.revive(power_goes_);
  if (plan_.bit_flips && chance(3)) flip_a_bit();
  if (power_goes_) lose_power();
  power_goes_ = false;
  restart_ms_ = clock_.true_ms() + static_cast<std::int64_t>(pick(10 * kSecond));
  if ((plan_.kills || plan_.power_cuts) && !faults_over_ && chance(3)) arm_death();
}

void World::lose_power() {
  const std::int64_t now = clock_.true_ms();
  // What the disk would not take is still in the tmpfs.
  const std::int64_t from_ms = std::max(kept_ms_ + 1, std::min(unstored_ms_, ended_ms_) - kLossWindowMs);
  damage_due_ &= settings_.durability == Durability::kPower;
  if (settings_.durability == Durability::kCrash && from_ms <= now) {
    history_.lost.push_back({from_ms, now});
    for (Sent& sent : sent_) sent.may_be_lost |= sent.handed_ms >= from_ms;
    BootClock& boot = boots_[clock_.boot_id()];
    boot.forgotten |= boot.trusted_ms >= from_ms;
  }
  if (plan_.clock_unset) {
    clock_.boot(-static_cast<std::int64_t>(pick(chance(4) ? 20000 : 3)) * kHour, false);
    synchronise_ms_ = now + static_cast<std::int64_t>(pick(2 * kHour));
  } else {
    clock_.boot(0, true);
  }
}

// ---- damage

// In a ring: half of the flips in one of its newest records, the others in one of its header's two slots.
void World::flip_a_bit() {
  std::vector<std::string> rings;
  for (const char* folder : {"/run", "/state"})
    for (const std::string& path : disk_.list(folder))
      if (path.ends_with(".ring")) rings.push_back(path);
  if (rings.empty()) return;
  const std::string& path = rings[pick(rings.size())];
  if (chance(2) && flip_in_record(path)) return;
  const std::uint64_t slot = journal_format::kSlotOffsets[pick(2)];
  // Where the other slot is no good either, that is more than one fault.
  const bool sound = journal_format::decode_slot(disk_.bytes(path).data()).ok() &&
                     journal_format::decode_slot(disk_.bytes(path).data() + 4096).ok();
  if (sound && disk_.flip(path, slot + pick(journal_format::kSlotBytes), static_cast<int>(pick(8))))
    say("a bit flips in a header of " + path);
}

// What lies before the record must be kept; it and what lies behind it may be gone, and if something does,
// that must be told.
bool World::flip_in_record(const std::string& path) {
  const std::vector<RingRecord> records = records_of(disk_, path, clock_);
  if (records.empty()) return false;
  const std::size_t hit = records.size() - 1 - pick(std::min<std::size_t>(records.size(), 12));
  const RingRecord& record = records[hit];
  const std::size_t at = place_of(disk_.bytes(path), record);
  if (at == 0 || !disk_.flip(path, at + pick(record.bytes), static_cast<int>(pick(8)))) return false;
  say("a bit flips in record " + std::to_string(record.seq) + " of " + path);
  damage_due_ = hit + 1 < records.size() && !power_goes_;
  Window lost{booted_ms_ + record.boot_ms - kSecond, clock_.true_ms()};
  for (std::size_t i = hit; i < records.size(); ++i) {
    if (records[i].kind == RecordKind::kClockTrusted) boots_[clock_.boot_id()].forgotten = true;
    if (records[i].kind != RecordKind::kMessage) continue;
    for (Sent& sent : sent_) {
      if (sent.message.topic != records[i].topic || sent.message.payload != records[i].payload) continue;
      sent.may_be_lost = true;
      if (!sent.handed.empty()) lost.from_ms = std::min(lost.from_ms, sent.handed.front().true_ms);
    }
  }
  history_.lost.push_back(lost);
  return true;
}

}  // namespace sluice::sim
