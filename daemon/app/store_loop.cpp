#include "app/store_loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "app/batch_drop.h"

namespace sluice {

namespace {
constexpr std::size_t kTasksMax = 16;  // two batches, and one job of each thread that may wait for it
constexpr std::size_t kDeliveredMax = 1024;
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::int64_t kRetryMs = 1000;
constexpr std::int64_t kReserveMs = 10000;
// Readings are given up between these fills of the ring: below high water, so that intake is not held.
constexpr double kDropAbove = 0.375;
constexpr double kDropUntil = 0.125;
constexpr std::uint64_t kPendingMax = 75000;  // readings in memory; main holds intake at 100,000
constexpr std::int64_t kDropAfterMs = 10000;  // of failing: a disk may have a bad moment
constexpr std::int64_t kHousekeepingMs = 60000;
constexpr std::int64_t kForcedMs = 1800 * 1000;  // between two times that it says so
constexpr std::int64_t kDeliveredMs = 10000;
constexpr int kRetentionSteps = 20;  // a minute; each is bounded
}  // namespace

StoreLoop::StoreLoop(Store& store, Journal& journal, Clock& clock, Vitals& vitals, Log& log)
    : store_(store),
      journal_(journal),
      clock_(clock),
      vitals_(vitals),
      log_(log),
      tasks_(kTasksMax),
      delivered_(kDeliveredMax) {}

void StoreLoop::put(Batch batch) {
  ++batches_;
  SLUICE_CHECK(tasks_.push(std::move(batch)), "the store has room for two batches");
}

Status StoreLoop::call(const std::function<Status(Store&)>& job) {
  std::promise<Status> done;
  std::future<Status> answer = done.get_future();
  if (!tasks_.push(Job{&job, &done})) {
    ++vitals_.inbox_refused;
    return make_error(ErrorCode::kUnavailable, "the store has too much to do; try again later");
  }
  return answer.get();
}

void StoreLoop::delivered(Store::Delivered slot) {
  if (delivered_.push(std::move(slot))) return;
  ++vitals_.inbox_refused;
  log_.debug("receipts of alerts are not kept up with");
}

void StoreLoop::stop() {
  tasks_.close();
}

void StoreLoop::run() {
  while (step(kPatience)) {
  }
  note_delivered();
}

bool StoreLoop::step(std::chrono::milliseconds patience) {
  if (failing_) {
    const std::int64_t early_ms = std::max<std::int64_t>(0, retry_boot_ms_ - clock_.now().boot_ms);
    patience = std::min(patience, std::chrono::milliseconds(early_ms));
  }
  std::optional<Task> task = tasks_.wait_pop(patience);
  ++vitals_.store_progress;
  if (task) {
    if (Batch* batch = std::get_if<Batch>(&*task)) {
      queue(std::move(*batch));
    } else {
      Job& job = std::get<Job>(*task);
      job.done->set_value(failing_ ? make_error(ErrorCode::kUnavailable,
                                                "the database cannot be written now; "
                                                "try again later")
                                   : (*job.run)(store_));
    }
  }
  write_queue();
  if (!task && tasks_.closed() && queue_.empty()) return false;
  if (failing_ && queue_.empty() && clock_.now().boot_ms >= retry_boot_ms_) {
    retry_boot_ms_ = clock_.now().boot_ms + kRetryMs;
    keep_reserve();
    if (store_.reserve_is_whole()) recovered();
  }
  if (!failing_) housekeeping();
  return true;
}

void StoreLoop::queue(Batch batch) {
  if (carried_) {
    put_before(std::move(queue_.back()), batch);
    queue_.pop_back();
    --batches_;
    carried_ = false;
  }
  queue_.push_back(std::move(batch));
}

// Oldest first, and none before the one before it: order is what makes the cursor true.
void StoreLoop::write_queue() {
  while (!queue_.empty()) {
    const bool due = !failing_ || vitals_.leaving || clock_.now().boot_ms >= retry_boot_ms_;
    if (due && (gave_up_ || commit(queue_.front()))) {
      queue_.pop_front();
      --batches_;
      carried_ = false;
    } else if (!give_up_readings()) {
      return;
    }
  }
}

// False: it could not be written and is to be tried again.
bool StoreLoop::commit(const Batch& batch) {
  Status done = store_.commit(batch);
  if (!done.ok() && done.error().code == ErrorCode::kNoSpace && store_.make_space(now_of_rows()).ok()) {
    log_.warning("the disk is full: the space put aside is in use now");
    done = store_.commit(batch);
  }
  ++vitals_.store_progress;
  if (!done.ok()) {
    note_failure(done.error());
    return gave_up_;
  }
  // On a full disk a batch without readings may still find a place.
  if (!batch.readings.empty() || store_.reserve_is_whole()) recovered();
  if (journal_.dropped() != JournalDrops{}) {
    Status counted = journal_.set_dropped({});  // the ledger has them; if this fails, its cursor still tells
    if (!counted.ok()) log_.warning("the journal's header: {}", counted.error().context);
  }
  vitals_.dropped_uncounted = 0;
  journal_.release(batch.cursor.seq);
  on_stored_(batch);
  vitals_.cursor_seq = batch.cursor.seq;
  vitals_.last_commit_boot_ms = clock_.now().boot_ms;
  vitals_.store.set(store_.status());
  vitals_.totals.change([&](Counts& totals) {
    for (const auto& [day, counts] : batch.counts) totals.add(counts);
  });
  return true;
}

void StoreLoop::recovered() {
  if (failing_) {
    failing_ = dropping_ = told_dropping_ = false;
    log_.info("storing again");
    vitals_.store_error.set("");
  }
  // A disk without room for the reserve is as good as full: the next failure is the same one.
  if (store_.reserve_is_whole()) failing_since_boot_ms_ = 0;
  vitals_.conditions.set("disk-full", out_of_reserve_ && !store_.reserve_is_whole());
  vitals_.conditions.set("store-failing", false);
  vitals_.conditions.set("readings-dropped", false);
}

void StoreLoop::note_failure(const Error& why) {
  const Instant now = clock_.now();
  if (!failing_) {
    log_.error("cannot store: {}; the journal keeps what arrives until it can", why.context);
    failing_ = true;
    if (failing_since_boot_ms_ == 0) failing_since_boot_ms_ = now.boot_ms;
  }
  vitals_.store_error.set(why.context);
  const bool full = why.code == ErrorCode::kNoSpace;
  out_of_reserve_ = out_of_reserve_ || full;
  disk_failed_ = full || why.code == ErrorCode::kIo;
  vitals_.conditions.set("disk-full", full, why.context);
  vitals_.conditions.set("store-failing", !full, why.context);
  if (why.code == ErrorCode::kCorrupt) vitals_.database_damaged = true;
  gave_up_ = vitals_.leaving.load();  // this batch and all after it are in the journal and will be replayed
  retry_boot_ms_ = now.boot_ms + kRetryMs;
}

// The disk does not take anything and the journal cannot wait longer: the oldest batch goes without its
// readings, so that intake and alerts go on. True: try the front of the queue again.
bool StoreLoop::give_up_readings() {
  const double ring = ring_fill();
  const bool many = vitals_.pending_readings > kPendingMax;
  if (!failing_ || !disk_failed_ || clock_.now().boot_ms - failing_since_boot_ms_ < kDropAfterMs)
    return false;
  dropping_ = ring > kDropAbove || many || (dropping_ && ring > kDropUntil);
  Batch& front = queue_.front();
  if (!dropping_ || carried_) return false;
  drop_readings(front);
  const CarriedCounts sum = carried_counts(front);
  Status noted = journal_.set_dropped({front.cursor.seq, sum.readings_dropped, sum.messages, front.clock});
  if (!noted.ok()) log_.warning("the journal's header: {}", noted.error().context);
  journal_.release(front.cursor.seq);
  if (!std::exchange(told_dropping_, true)) {
    log_.error("readings are given up from now on: the database cannot be written, and the journal is full");
  }
  vitals_.dropped_uncounted = sum.readings_dropped;
  vitals_.conditions.set("readings-dropped", true);
  if (queue_.size() == 1) {
    carried_ = true;
  } else {
    put_before(std::move(front), queue_[1]);
    queue_.pop_front();
    --batches_;
  }
  return true;
}

double StoreLoop::ring_fill() const {
  return static_cast<double>(journal_.used_bytes()) / static_cast<double>(journal_.capacity_bytes());
}

// Under a clock that is not trusted nothing is old, but the database may be too big.
std::int64_t StoreLoop::now_of_rows() const {
  return vitals_.clock_trusted ? clock_.now().wall_ms : 0;
}

void StoreLoop::keep_reserve() {
  if (store_.reserve_is_whole()) return;
  Status whole = store_.rebuild_reserve();
  if (whole.ok() && out_of_reserve_) log_.info("the disk has room again");
  const bool full = !whole.ok() && whole.error().code == ErrorCode::kNoSpace;
  if (full && !out_of_reserve_) log_.warning("{}: the disk is nearly full", whole.error().context);
  if (!whole.ok() && !full) log_.debug("{}", whole.error().context);
  out_of_reserve_ = full;
  vitals_.conditions.set("disk-full", full, full ? "the space put aside for that is in use" : "");
}

void StoreLoop::housekeeping() {
  const Instant now = clock_.now();
  if (now.boot_ms >= next_reserve_boot_ms_) {
    next_reserve_boot_ms_ = now.boot_ms + kReserveMs;
    keep_reserve();
  }
  if (now.boot_ms >= next_delivered_boot_ms_) {
    next_delivered_boot_ms_ = now.boot_ms + kDeliveredMs;
    note_delivered();
  }
  retime();
  if (now.boot_ms < next_housekeeping_boot_ms_) return;
  next_housekeeping_boot_ms_ = now.boot_ms + kHousekeepingMs;
  const std::int64_t now_wall_ms = now_of_rows();
  for (int step = 0; step < kRetentionSteps && tasks_.size() == 0; ++step) {
    Result<bool> more = store_.retain_step(now_wall_ms);
    if (!more.ok()) log_.warning("retention: {}", more.error().context);
    if (!more.ok() || !*more) break;
  }
  const StoreStatus status = store_.status();
  vitals_.store.set(status);
  if (status.forced_rows == forced_rows_told_ || now.boot_ms < next_forced_boot_ms_) return;
  forced_rows_told_ = status.forced_rows;
  next_forced_boot_ms_ = now.boot_ms + kForcedMs;
  vitals_.conditions.happened("readings-removed", fmt::format("{} since the start", status.forced_rows));
}

// Between two tasks, in steps.
void StoreLoop::retime() {
  for (bool more = true; more && tasks_.size() == 0;) {
    Result<bool> moved = store_.retime_step();
    ++vitals_.store_progress;
    if (!moved.ok()) return log_.warning("readings of an unset clock: {}", moved.error().context);
    more = *moved;
  }
}

// A receipt may be quicker than the batch that has the transition: it waits until that is stored.
void StoreLoop::note_delivered() {
  std::vector<Store::Delivered> slots;
  for (const Receipt& receipt : early_) slots.push_back(receipt.slot);
  while (std::optional<Store::Delivered> slot = delivered_.try_pop()) {
    slots.push_back(*slot);
    early_.push_back({std::move(*slot), journal_.last_seq()});
  }
  // Beyond the bound they are told again after a restart.
  if (early_.size() > kDeliveredMax) early_.erase(early_.begin(), early_.end() - kDeliveredMax);
  if (slots.empty()) return;
  const std::uint64_t stored_seq = vitals_.cursor_seq;
  auto absent = store_.mark_delivered(slots);
  if (!absent.ok()) return log_.debug("receipts of alerts: {}", absent.error().context);
  std::erase_if(early_, [&](const Receipt& receipt) {
    return receipt.seq <= stored_seq ||
           std::find(absent->begin(), absent->end(), receipt.slot) == absent->end();
  });
}

}  // namespace sluice
