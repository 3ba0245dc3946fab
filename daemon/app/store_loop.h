// StoreLoop: the store thread. Takes batches from the engine and small jobs from everybody else, one after
// another; it alone writes to the database. A batch that cannot be written stays and is tried again: the
// journal keeps its records meanwhile. Where the disk is full or broken for longer than the journal can wait,
// the oldest batch loses its readings, counted as dropped; the rest of it goes on with the next batch.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <future>
#include <optional>
#include <variant>
#include <vector>

#include "app/vitals.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/log.h"
#include "intake/journal.h"
#include "store/store.h"
#include "store/view.h"

namespace sluice {

class StoreLoop {
 public:
  StoreLoop(Store& store, Journal& journal, Clock& clock, Vitals& vitals, Log& log);

  void run();  // the thread: until stop() and nothing is left
  // One turn of it: a task, if one comes within `patience`, or the batch that waits to be tried again. False:
  // stopped, and nothing is left.
  bool step(std::chrono::milliseconds patience);
  // Called after each commit, on the store thread; set before it starts.
  void on_stored(std::function<void(const Batch&)> call) { on_stored_ = std::move(call); }
  void stop();

  // Leaving, and a batch could not be written: it and all after it stay in the journal.
  bool gave_up() const { return gave_up_; }
  bool has_room() const { return batches_ < kBatchesMax; }
  void put(Batch batch);                                  // engine thread; only if has_room()
  Status call(const std::function<Status(Store&)>& job);  // any other thread; waits
  void delivered(Store::Delivered slot);  // notifiers; lost when full: then it is told again after a restart

 private:
  struct Job {
    const std::function<Status(Store&)>* run;
    std::promise<Status>* done;
  };
  struct Receipt {
    Store::Delivered slot;
    std::uint64_t seq = 0;  // the journal's newest record when it came: its transition is not behind that
  };
  static constexpr int kBatchesMax = 2;
  using Task = std::variant<Batch, Job>;

  void queue(Batch batch);
  void write_queue();
  bool commit(const Batch& batch);
  void recovered();
  void note_failure(const Error& why);
  bool give_up_readings();
  void keep_reserve();
  double ring_fill() const;
  std::int64_t now_of_rows() const;  // by which retention tells what is old
  void housekeeping();
  void retime();
  void note_delivered();

  Store& store_;
  Journal& journal_;
  Clock& clock_;
  Vitals& vitals_;
  Log& log_;
  std::function<void(const Batch&)> on_stored_ = [](const Batch&) {};
  Inbox<Task> tasks_;
  std::atomic<int> batches_{0};  // in tasks_, or being written
  Inbox<Store::Delivered> delivered_;
  std::vector<Receipt> early_;  // whose slots are not in the database, perhaps not yet
  std::deque<Batch> queue_;     // taken from tasks_, and not written yet
  bool carried_ = false;        // the only one in it has lost its readings, and its records are released
  bool failing_ = false;        // the last commit failed
  bool disk_failed_ = false;    // because of the disk, not of a lock
  bool dropping_ = false;
  bool told_dropping_ = false;
  bool out_of_reserve_ = false;  // the disk was full, and the reserve is not whole yet
  std::int64_t failing_since_boot_ms_ = 0;
  std::int64_t retry_boot_ms_ = 0;
  std::atomic<bool> gave_up_{false};
  std::uint64_t forced_rows_told_ = 0;
  std::int64_t next_forced_boot_ms_ = 0;
  std::int64_t next_housekeeping_boot_ms_ = 0;
  std::int64_t next_delivered_boot_ms_ = 0;
  std::int64_t next_reserve_boot_ms_ = 0;
};

}  // namespace sluice
