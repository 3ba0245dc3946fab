// Vitals: what the threads tell each other and the API about themselves. Numbers are atomics, words are under
// a lock. Nothing is decided here.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert_fold.h"
#include "app/condition_board.h"
#include "base/clock.h"
#include "intake/session.h"
#include "model/counters.h"
#include "store/store.h"

namespace sluice {

// A value that one thread writes and others read whole.
template <class T>
class Shared {
 public:
  void set(T value) {
    std::lock_guard lock(mutex_);
    value_ = std::move(value);
  }
  T get() const {
    std::lock_guard lock(mutex_);
    return value_;
  }
  template <class F>
  void change(F change_value) {
    std::lock_guard lock(mutex_);
    change_value(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

struct Vitals {
  Instant process_started;    // both 0: with this configuration; set before there are threads
  ConditionBoard conditions;  // what is wrong with the gateway itself
  // engine
  std::atomic<std::uint64_t> records{0};
  std::atomic<std::uint64_t> sensors{0};
  std::atomic<std::uint64_t> firing{0};
  std::atomic<std::uint64_t> derived_not_finite{0};
  std::atomic<std::uint64_t> figures_not_finite{0};
  std::atomic<std::uint64_t> pending_readings{0};
  std::atomic<bool> clock_trusted{false};
  std::atomic<std::int64_t> clock_since_boot_ms{0};  // when that became so, or the process started
  std::atomic<std::uint64_t> trusted_seq{0};         // the newest record when it became so
  Shared<std::vector<std::int64_t>> heard_boot_ms;   // by readings entry, 0: nothing since start; each second
  Shared<std::vector<CutWindow>> cut_windows;        // likewise
  std::atomic<std::uint64_t> engine_progress{0};     // grows while the engine lives
  // store
  std::atomic<std::uint64_t> cursor_seq{0};
  std::atomic<std::int64_t> last_commit_boot_ms{0};
  std::atomic<std::uint64_t> store_progress{0};
  Shared<StoreStatus> store;
  Shared<std::string> store_error;                  // empty: the last commit went well
  std::atomic<std::uint64_t> dropped_uncounted{0};  // readings given up that the ledger does not have yet
  Shared<Counts> totals;                            // lifetime, as committed
  std::atomic<bool> flush_asked{false};             // store what there is, without waiting for store.flush
  std::atomic<std::uint64_t> inbox_refused{0};  // jobs and receipts that had no room there or at the engine
  // intake
  Shared<SessionStatus> session;
  Shared<std::string> journal_damage;  // empty: none found at start
  // batch layer
  std::atomic<bool> check_database{false};        // the last process did not close it; until it is checked
  std::atomic<bool> database_damaged{false};      // found by that check: wire again, with a new one
  std::atomic<bool> upload_asked{false};          // upload --now
  std::atomic<bool> deliver_asked{false};         // upload retry
  std::atomic<std::uint64_t> uploads_dropped{0};  // waited longer than upload.keep, since the start
  std::atomic<std::uint64_t> layers_differ{0};    // sensors' days in which the two layers differ, since start
  std::atomic<bool> leaving{false};               // what cannot be stored now stays in the journal
  std::atomic<bool> reloading{false};  // with leaving: what hangs is left to the next configuration
  std::atomic<bool> stopping{false};   // the engine has ended; the others follow
  Shared<std::string> stuck;           // what the watchdog misses; empty: nothing
};

}  // namespace sluice
