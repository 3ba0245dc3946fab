#include "app/engine_loop.h"

#include <algorithm>
#include <thread>

#include "base/check.h"

namespace sluice {

namespace {
constexpr std::uint64_t kCutFraction =
    8;  // a batch takes at most this part of the ring, if the store has room
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::chrono::milliseconds kPatienceMax{1000};
// Above this rate one wake-up a record costs more than the record: the engine then looks after kNap instead,
// as network cards do (interrupt moderation). It adds at most kNap to an alert, and only at such rates.
constexpr std::size_t kBusyRecordsPerMs = 3;
constexpr std::int64_t kWindowMs = 20;
constexpr std::chrono::microseconds kNap{1000};
constexpr std::size_t kJobsMax = 16;  // one of each thread that may ask
constexpr std::int64_t kHeardMs = 1000;
constexpr std::int64_t kRoomMs = 50;  // looks again this often for room at the store
}  // namespace

EngineLoop::EngineLoop(Engine& engine, Journal& journal, Intake& intake, AlertSlots& slots, StoreLoop& store,
                       Clock& clock, Vitals& vitals, Log& log, FlushSettings flush)
    : engine_(engine),
      journal_(journal),
      intake_(intake),
      slots_(slots),
      store_(store),
      clock_(clock),
      vitals_(vitals),
      log_(log),
      flush_(flush),
      flush_at_boot_ms_(clock.now().boot_ms + flush.every.count()),
      jobs_(kJobsMax) {}

void EngineLoop::stop() {
  stopping_ = true;
  journal_.wake();
}

Status EngineLoop::call(const std::function<void(Engine&)>& job) {
  std::promise<bool> done;
  std::future<bool> answer = done.get_future();
  if (!jobs_.push(Job{&job, &done})) {
    ++vitals_.inbox_refused;
    return make_error(ErrorCode::kUnavailable, "the engine is busy or stopping; try again later");
  }
  journal_.wake();
  if (!answer.get()) return make_error(ErrorCode::kUnavailable, "sluiced is stopping");
  return {};
}

// Those that are there now: one that is asked for because of an answer finds the journal read again.
void EngineLoop::run_jobs(bool refuse) {
  for (std::size_t waiting = jobs_.size(); waiting > 0; --waiting) {
    const std::optional<Job> job = jobs_.try_pop();
    if (!refuse) (*job->run)(engine_);
    job->done->set_value(!refuse);
  }
}

void EngineLoop::run() {
  for (;;) {
    const bool stopping = stopping_;  // before reading: what was appended earlier is still folded
    if (busy_ && !stopping) std::this_thread::sleep_for(kNap);
    if (step()) continue;
    if (stopping) break;
    const Instant now = journal_.wait(engine_.last_seq(), patience(clock_.now()));
    cut(now, false);
  }
  cut(clock_.now(), true);
  jobs_.close();
  run_jobs(true);
}

bool EngineLoop::step() {
  const bool some = fold_some();
  run_jobs(false);
  const Instant now = clock_.now();
  if (!some && !stopping_) tick_if_due(now);
  cut(now, false);
  vitals_.engine_progress.fetch_add(1, std::memory_order_relaxed);
  return some;
}

bool EngineLoop::fold_some() {
  Status read = journal_.read(engine_.last_seq(), buffer_, kReadBytes, records_);
  SLUICE_CHECK(read.ok(), read.error().context.c_str());
  for (const JournalRecord& record : records_) {
    engine_.handle(record);
    for (const AlertEvent& event : engine_.take_events()) slots_.put(event);
  }
  if (const std::uint64_t dropped = intake_.take_overload_drops()) engine_.count_overload(dropped);
  const EngineStatus status = engine_.status();
  vitals_.records = status.records;
  vitals_.sensors = status.sensors;
  vitals_.derived_not_finite = status.derived_not_finite;
  vitals_.figures_not_finite = status.figures_not_finite;
  vitals_.firing = status.firing;
  note_trust(status.clock_trusted);
  vitals_.pending_readings = engine_.pending_readings();
  const Instant now = clock_.now();
  if (now.boot_ms >= tell_heard_at_ms_) {
    tell_heard_at_ms_ = now.boot_ms + kHeardMs;
    vitals_.heard_boot_ms.set(engine_.heard_boot_ms());
    vitals_.cut_windows.set(engine_.cut_windows());
  }
  moderate(records_.size(), now);
  return !records_.empty();
}

void EngineLoop::note_trust(bool trusted) {
  if (trusted == vitals_.clock_trusted && vitals_.clock_since_boot_ms != 0) return;
  vitals_.trusted_seq = engine_.last_seq();
  vitals_.clock_since_boot_ms = clock_.now().boot_ms;
  vitals_.clock_trusted = trusted;
}

void EngineLoop::moderate(std::size_t records, Instant now) {
  window_records_ += records;
  const std::int64_t passed_ms = now.boot_ms - window_boot_ms_;
  if (passed_ms < kWindowMs) return;
  busy_ = window_records_ > kBusyRecordsPerMs * static_cast<std::size_t>(passed_ms);
  window_boot_ms_ = now.boot_ms;
  window_records_ = 0;
}

// A deadline is due and nothing else moves time: a record does, so that a replay finds the deadline passed as
// well.
void EngineLoop::tick_if_due(Instant now) {
  const std::optional<std::int64_t> deadline = engine_.next_deadline_boot_ms();
  if (!deadline || *deadline > now.boot_ms) return;
  Result<std::uint64_t> appended = journal_.append({RecordKind::kTick, 0, 0, {}, {}});
  if (appended.ok()) return;
  log_.debug("a deadline waits for room in the journal: {}", appended.error().context);
  // Where nothing can be kept any more no deadline would ever pass: another process makes another journal.
  const std::string why = "nothing can be kept any more: " + appended.error().context;
  SLUICE_CHECK(appended.error().code == ErrorCode::kFull, why.c_str());
}

std::chrono::milliseconds EngineLoop::patience(Instant now) const {
  std::chrono::milliseconds wait = kPatienceMax;
  auto until = [&](std::int64_t boot_ms) {
    wait = std::clamp(std::chrono::milliseconds(boot_ms - now.boot_ms), std::chrono::milliseconds(1), wait);
  };
  if (engine_.pending()) until(store_.has_room() ? flush_at_boot_ms_ : now.boot_ms + kRoomMs);
  if (auto deadline = engine_.next_deadline_boot_ms()) until(*deadline);
  return wait;
}

void EngineLoop::cut(Instant now, bool last) {
  // Taken before the batches are: who asks from now on may ask for what is not in them.
  const bool flush = vitals_.flush_asked.exchange(false);
  // Messages without readings fill the ring as well.
  const bool asked = flush || journal_.used_bytes() > journal_.capacity_bytes() / kCutFraction;
  if (now.boot_ms < flush_at_boot_ms_ && engine_.pending_readings() < flush_.rows && !last && !asked) return;
  // Asked to, the cursor alone is worth a transaction.
  while (engine_.pending() || (asked && engine_.last_seq() > vitals_.cursor_seq)) {
    if (!store_.has_room()) {
      if (flush) vitals_.flush_asked = true;
      // What a failing disk cannot take now stays in the journal.
      if (!last || store_.gave_up()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      continue;
    }
    Batch batch = engine_.take_batch();
    batch.cursor.journal_id = journal_.id();
    const bool newest = batch.cursor.seq == engine_.last_seq();
    store_.put(std::move(batch));
    if (newest) break;
  }
  flush_at_boot_ms_ = now.boot_ms + flush_.every.count();
}

}  // namespace sluice
