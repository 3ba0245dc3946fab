// Store: the only writer of sluice.db. One transaction a batch; SQLite in WAL mode, synchronous=FULL always.
// Threads: a Store belongs to the store thread. Everybody else reads through a StoreView (view.h) of their
// own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "base/log.h"
#include "base/result.h"
#include "model/batch.h"
#include "model/broker_session.h"
#include "model/outbox_selection.h"
#include "summary/day_table.h"
#include "upload/outbox.h"

namespace sluice {

struct StoreSettings {
  std::string path;  // <state_dir>/sluice.db
  std::string gateway;
  std::chrono::milliseconds retention{std::chrono::hours(30 * 24)};
  // Expired rows are removed by commits, whose new rows take their pages: that writes next to nothing. What
  // is still there after this long, retain_step() removes by itself.
  std::chrono::milliseconds retention_grace{std::chrono::hours(24)};
  std::uint64_t max_size_bytes = 2ull << 30;
  std::uint32_t quarantine_max = 1000;      // samples kept
  std::uint32_t alert_events_max = 100000;  // transitions kept
  std::uint64_t reserve_bytes = 0;          // beside the database, for the day on which the disk is full
  std::string vfs;                          // SQLite VFS name; empty: the default
  std::chrono::milliseconds reopen{std::chrono::hours(7 * 24)};  // later readings of a summed day: kTooLate
  std::chrono::milliseconds summary_keep{std::chrono::hours(5 * 365 * 24)};
};

struct StoreStatus {
  std::uint64_t transactions = 0;
  std::uint64_t rows = 0;         // in the reading table
  std::uint64_t size_bytes = 0;   // database and WAL
  std::uint64_t write_bytes = 0;  // written to database and WAL since start
  std::uint64_t forced_rows = 0;  // removed for max_size since start, before a delivered summary held them
};

class Store {
 public:
  // Opens or creates; migrates older schemas; refuses newer ones. kCorrupt: the caller moves the file aside.
  static Result<std::unique_ptr<Store>> open(StoreSettings settings, Calendar calendar, Log& log);
  ~Store();

  // The days of this gateway: of the configured zone, and before a change those of the zones of before.
  const Calendar& calendar() const;

  // `lookback_ms`: how far back rows are read for last values where no snapshot covers them.
  Result<Checkpoint> load_checkpoint(const Lookback& lookback);
  Status commit(
      const Batch& batch);  // all or nothing; kNoSpace, kIo: nothing was written, may be tried again
  // Alert slots: which transition was told on which channel needs no telling after a restart. An alert has
  // several under its id: the further members tell them apart.
  struct Delivered {
    std::string event_id;
    AlertState state = AlertState::kFiring;
    std::string channel;
    std::int64_t at_ms = 0;
    std::string severity;
    std::uint32_t flags = 0;
    bool operator==(const Delivered&) const = default;
    static Delivered of(const AlertEvent& event, const std::string& channel) {
      return {event.id, event.state, channel, event.at_ms, event.severity, event.flags};
    }
  };
  // Adds readings that did not come through the journal, with their sensors, counters and tallies: all of it
  // or nothing, and the fold's own state stays as it is. However long ago a day was summed, it is again.
  Status import(const Batch& batch);
  Result<BrokerSession> broker_session();
  Status keep_broker_session(const BrokerSession& session);
  // Those that have no slot: not stored yet, or replaced by a newer transition.
  Result<std::vector<Delivered>> mark_delivered(const std::vector<Delivered>& delivered);
  // What no channel of the configuration has been told, nobody will be.
  Status keep_slots_of(const std::vector<std::string>& channels);
  // One bounded step of moving what arrived while the clock was not trusted to its time, as soon as that is
  // known; true: there may be more to do. Cheap where there is nothing.
  Result<bool> retime_step();
  // One bounded step of retention; true: there is more to do. Call it regularly: commits go by its time, too.
  Result<bool> retain_step(std::int64_t now_wall_ms);
  // The disk is full: gives back the reserve and removes what retention may. An error: there is nothing to
  // give.
  Status make_space(std::int64_t now_wall_ms);
  bool reserve_is_whole() const;
  Status rebuild_reserve();  // kNoSpace: not now; ask again later
  bool was_unclean() const;  // the last process did not close it
  Status close_cleanly();
  StoreStatus status();

  // The writing half of DayTable and OutboxTable (view.h has the reading half).
  Status save_revision(const SummaryRevision& revision, const std::vector<std::string>& sinks,
                       std::uint64_t touched, bool unchanged, const std::vector<RepeatedRow>& repeated);
  Status update_outbox(const OutboxItem& item);
  Result<int> expire_outbox(std::int64_t created_before_ms);
  Result<int> retry_outbox(const OutboxSelection& which);
  Result<int> discard_outbox(const OutboxSelection& which, std::int64_t now_wall_ms);

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
