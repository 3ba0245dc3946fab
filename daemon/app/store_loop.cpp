#include "app/store_loop.h"

#include <algorithm>

namespace sluice {

namespace {
constexpr std::size_t kTasksMax = 16;  // two batches, and one job of each thread that may wait for it
constexpr std::size_t kDeliveredMax = 1024;
constexpr std::chrono::milliseconds kPatience{1000};
constexpr std::int64_t kRetryMs = 1000;
constexpr std::int64_t kHousekeepingMs = 60000;
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
    return make_error(ErrorCode::kUnavailable, "the store has too much to do; try again later");
  }
  return answer.get();
}

void StoreLoop::delivered(Store::Delivered slot) {
  if (!delivered_.push(std::move(slot))) log_.debug("receipts of alerts are not kept up with");
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
  if (unstored_) {
    const std::int64_t early_ms = retry_boot_ms_ - clock_.now().boot_ms;
    if (early_ms > 0 && !vitals_.stopping) {
      Inbox<int> pause(1);
      (void)pause.wait_pop(std::min(patience, std::chrono::milliseconds(early_ms)));
    } else if (commit(*unstored_)) {
      unstored_.reset();
      --batches_;
    }
    ++vitals_.store_progress;
    return true;
  }
  std::optional<Task> task = tasks_.wait_pop(patience);
  ++vitals_.store_progress;
  if (!task) {
    if (tasks_.closed()) return false;
  } else if (Batch* batch = std::get_if<Batch>(&*task)) {
    if (commit(*batch)) {
      --batches_;
    } else {
      unstored_ = std::move(*batch);
    }
  } else {
    Job& job = std::get<Job>(*task);
    job.done->set_value((*job.run)(store_));
  }
  housekeeping();
  return true;
}

// False: it could not be written and is to be tried again.
bool StoreLoop::commit(const Batch& batch) {
  if (gave_up_) return true;
  Status done = store_.commit(batch);
  ++vitals_.store_progress;
  const bool failed_before = unstored_.has_value();
  if (!done.ok()) {
    if (!failed_before)
      log_.error("cannot store: {}; the journal keeps what arrives until it can", done.error().context);
    vitals_.store_error.set(done.error().context);
    const bool full = done.error().code == ErrorCode::kNoSpace;
    vitals_.conditions.set("disk-full", full, done.error().context);
    vitals_.conditions.set("store-failing", !full, done.error().context);
    if (done.error().code == ErrorCode::kCorrupt) vitals_.database_damaged = true;
    gave_up_ = vitals_.stopping;  // this batch and all after it are in the journal and will be replayed
    retry_boot_ms_ = clock_.now().boot_ms + kRetryMs;
    return gave_up_;
  }
  if (failed_before) {
    log_.info("storing again");
    vitals_.store_error.set("");
  }
  vitals_.conditions.set("disk-full", false);
  vitals_.conditions.set("store-failing", false);
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

void StoreLoop::housekeeping() {
  const Instant now = clock_.now();
  if (now.boot_ms >= next_delivered_boot_ms_) {
    next_delivered_boot_ms_ = now.boot_ms + kDeliveredMs;
    note_delivered();
  }
  if (now.boot_ms < next_housekeeping_boot_ms_ || !vitals_.clock_trusted) return;
  next_housekeeping_boot_ms_ = now.boot_ms + kHousekeepingMs;
  for (int step = 0; step < kRetentionSteps && tasks_.size() == 0; ++step) {
    Result<bool> more = store_.retain_step(now.wall_ms);
    if (!more.ok()) log_.warning("retention: {}", more.error().context);
    if (!more.ok() || !*more) break;
  }
  vitals_.store.set(store_.status());
}

void StoreLoop::note_delivered() {
  std::vector<Store::Delivered> slots;
  while (std::optional<Store::Delivered> slot = delivered_.try_pop()) slots.push_back(std::move(*slot));
  if (slots.empty()) return;
  Status done = store_.mark_delivered(slots);
  if (!done.ok()) log_.debug("receipts of alerts: {}", done.error().context);
}

}  // namespace sluice
