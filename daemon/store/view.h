// StoreView: a read-only connection of its own to sluice.db, for one thread that is not the store's. It is
// the DayTable and OutboxTable of the batch layer: reads go to its connection, writes are handed to the store
// thread. No read transaction lasts longer than it must, so that the WAL is never pinned.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "model/batch.h"
#include "store/arrivals.h"
#include "store/store.h"
#include "summary/day_table.h"
#include "upload/outbox.h"

namespace sluice {

// Runs a function on the thread that owns the Store and waits for it. In a single-threaded world: calls it.
using OnStore = std::function<Status(const std::function<Status(Store&)>&)>;

struct StoredAlert {
  AlertEvent event;
  std::int64_t row = 0;
};

struct StoredSample {
  std::int64_t at_ms = 0;
  std::string topic;
  std::string payload;
  std::string reason;  // a counter's name
};

class StoreView final : public DayTable, public OutboxTable {
 public:
  // `calendar`: where the database names no zone yet. `on_store` may be empty: then every write is refused
  // (sluicectl's fall-back).
  static Result<std::unique_ptr<StoreView>> open(const std::string& path, const std::string& vfs,
                                                 const Calendar& calendar, OnStore on_store);
  ~StoreView() override;

  // Reads every page, minutes for a gigabyte. kCorrupt: the file is damaged; a line says where.
  Status check_integrity();
  void interrupt();  // any thread: a check that runs ends soon, and its answer means nothing

  // For people and tools.
  Result<std::vector<Silence>> silences();                            // those that have not ended
  Result<std::vector<AlertEvent>> firing_alerts();                    // standing, by rule and sensor
  Result<std::vector<StoredAlert>> alert_history(std::size_t limit);  // newest first
  Result<std::vector<Day>> summary_days();                            // with at least one revision, ascending
  Result<std::optional<Day>> summaries_removed_to();                  // see old_summaries.h
  Result<std::optional<SummaryRevision>> revision(Day day, int revision);
  Result<std::vector<OutboxItem>> list(std::size_t limit, const OutboxSelection& which = {});  // newest first
  // Orders about deliveries that wait or were refused; how many. To retry also ends a wait.
  Result<int> retry(const OutboxSelection& which);
  Result<int> discard(const OutboxSelection& which, std::int64_t now_wall_ms);
  Result<Ledger> ledger();        // all arrival days
  Result<Counts> unset_counts();  // of what arrived while the clock was not trusted and is not entered yet
  Result<Cursor> cursor();
  const Calendar& calendar() const;  // the days of this gateway
  // Rows by arrival order in chunks: rows with id > after, at most limit; returns the last id seen.
  struct Row {
    std::int64_t id = 0;
    Reading reading;
  };
  Result<std::vector<Row>> rows_after(std::int64_t after_id, std::size_t limit);
  // Rows of a span of time, a page at a time, in arrival order. A page examines so many rows at most, so it
  // may be short, even empty, though there are more.
  struct PageQuery {
    std::int64_t from_ms = 0;
    std::int64_t to_ms = 0;          // first instant after
    std::int64_t after = 0;          // the page before's `next`
    std::optional<SensorId> sensor;  // absent: all
    std::size_t limit = 1000;
    std::size_t examine_max = 200'000;
  };
  struct Page {
    std::vector<Reading> rows;
    std::optional<std::int64_t> next;  // absent: this is the last
  };
  Result<Page> page(const PageQuery& query);
  // The batch table, for audit: rows first…last of a batch and the digest of what they were when they were
  // stored.
  struct BatchRow {
    std::int64_t id = 0;
    std::int64_t first_row = 0;
    std::int64_t last_row = 0;
    std::string digest;
    bool unset = false;  // counted by unset_counts(), not by the ledger
  };
  Result<std::vector<BatchRow>> batches_after(std::int64_t after_id, std::size_t limit);

  // What the engine would start from: every sensor with its newest reading, rule states, clocks.
  Result<Checkpoint> checkpoint();
  Result<std::vector<Reading>> newest_rows(SensorId sensor, std::size_t limit);  // newest first
  // Samples, newest first; `reason` empty: all.
  Result<std::vector<StoredSample>> quarantine(const std::string& reason, std::size_t limit);

  // The rows in the order in which they came, with the clocks of then, for backtest. Give back the piece to
  // read on.
  Result<ArrivalFacts> arrival_facts();
  Status next_arrivals(const ArrivalSpan& span, Arrivals& piece);

  // DayTable
  Result<bool> waits_for_clock() override;
  Result<std::vector<DayState>> dirty_days() override;
  Result<std::optional<DayState>> day_state(Day day) override;
  Result<std::vector<SummarySensor>> sensors() override;
  Status begin_snapshot() override;
  void end_snapshot() override;
  Status visit_rows(std::int64_t from_ms, std::int64_t to_ms, const RowVisitor& visit) override;
  Status visit_numbered_rows(std::int64_t from_ms, std::int64_t to_ms,
                             const NumberedRowVisitor& visit) override;
  Result<std::optional<SensorTallies>> tallies(Day day) override;
  Result<std::vector<AlertSpan>> alert_spans(std::int64_t from_ms, std::int64_t to_ms) override;
  Result<Counts> arrived_on(Day day) override;
  Result<std::optional<SummaryRevision>> newest(Day day) override;
  Status save(const SummaryRevision& revision, const std::vector<std::string>& sinks, std::uint64_t touched,
              bool unchanged, const std::vector<RepeatedRow>& repeated) override;
  // OutboxTable
  Result<std::vector<OutboxItem>> waiting(const std::string& sink, std::size_t limit) override;
  Result<std::string> body(Day day, int revision) override;
  Status update(const OutboxItem& item) override;
  Result<int> expire(std::int64_t created_before_ms) override;

 private:
  struct Impl;
  explicit StoreView(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Digest of rows as the batch table keeps it: first 16 hex digits of SHA-256 over sensor, time, value,
// arrival.
class RowsDigest {
 public:
  RowsDigest();
  ~RowsDigest();
  void add(const Reading& reading);
  std::string finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
