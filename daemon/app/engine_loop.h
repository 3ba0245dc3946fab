// EngineLoop: the engine thread. Reads the journal, folds, hands transitions to the slots at once and batches
// to the store when there is room; when there is none the batch goes on growing, so alerts never wait for the
// disk.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <vector>

#include "alert/alert_slots.h"
#include "app/store_loop.h"
#include "app/vitals.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/log.h"
#include "engine/engine.h"
#include "intake/intake.h"
#include "intake/journal.h"

namespace sluice {

struct FlushSettings {
  std::chrono::milliseconds every{10000};
  std::uint32_t rows = 5000;
};

class EngineLoop {
 public:
  EngineLoop(Engine& engine, Journal& journal, Intake& intake, AlertSlots& slots, StoreLoop& store,
             Clock& clock, Vitals& vitals, Log& log, FlushSettings flush);

  void run();  // the thread: until stop() and the journal is read to its end
  // One turn of it without the wait: folds what there is, or lets a deadline pass. False: nothing was there.
  bool step();
  void stop();
  // Any other thread: runs `job` on the engine's thread, between two reads of the journal, and waits for it.
  // The job may take milliseconds, not more: alerts wait behind it. Between two calls of one thread there is
  // a read. kUnavailable: busy or stopping.
  Status call(const std::function<void(Engine&)>& job);

 private:
  struct Job {
    const std::function<void(Engine&)>* run;
    std::promise<bool>* done;  // false: not run any more
  };
  void run_jobs(bool refuse);
  bool fold_some();
  void tick_if_due(Instant now);
  void cut(Instant now, bool last);
  std::chrono::milliseconds patience(Instant now) const;
  void note_trust(bool trusted);
  void moderate(std::size_t records, Instant now);

  Engine& engine_;
  Journal& journal_;
  Intake& intake_;
  AlertSlots& slots_;
  StoreLoop& store_;
  Clock& clock_;
  Vitals& vitals_;
  Log& log_;
  FlushSettings flush_;
  std::int64_t flush_at_boot_ms_;
  std::vector<char> buffer_;
  std::vector<JournalRecord> records_;
  std::int64_t tell_heard_at_ms_ = 0;
  std::int64_t window_boot_ms_ = 0;
  std::size_t window_records_ = 0;
  bool busy_ = false;
  std::atomic<bool> stopping_{false};
  Inbox<Job> jobs_;
};

}  // namespace sluice
