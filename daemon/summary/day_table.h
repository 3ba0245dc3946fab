// What the summary stage needs from a store: the days with news, their rows, and a place for the result.
// Called from the batch layer's thread; implemented in store/.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "model/alert_event.h"
#include "model/counters.h"
#include "model/reading.h"
#include "model/tally.h"

namespace sluice {

struct DayState {
  Day day = 0;
  std::string zone;                    // in which the day was cut
  std::int64_t last_arrival_ms = 0;    // of any row of the day
  int revision = 0;                    // newest; 0: none yet
  std::int64_t first_revision_ms = 0;  // when revision 1 was made
  std::uint64_t touched = 0;           // grows with every batch that has a row of the day
  bool dirty = false;                  // rows or counters came since the newest revision
};

struct SummarySensor {
  SensorId id = 0;
  std::string name;
  std::string unit;
};

// An alert's life as far as it touches a day.
struct AlertSpan {
  AlertEvent event;  // the firing transition
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;  // open alerts: the end of the day
  bool open = false;
};

// A stored row that repeats another one of its day, which no flag says yet.
struct RepeatedRow {
  std::int64_t row = 0;
  std::int64_t arrival_ms = 0;
};

struct SummaryRevision {
  Day day = 0;
  int revision = 0;
  std::int64_t made_ms = 0;
  std::string digest;           // of the counted rows, 64 hex digits
  std::uint64_t row_count = 0;  // counted rows
  std::string body;             // frozen bytes of the document
  std::string key;              // Idempotency-Key
};

using RowVisitor = std::function<void(const Reading&)>;
using NumberedRowVisitor = std::function<void(std::int64_t row, const Reading&)>;

class DayTable {
 public:
  virtual ~DayTable() = default;
  // Some readings have arrived under a clock that was not trusted and are not entered yet: they may be of any
  // day.
  virtual Result<bool> waits_for_clock() = 0;
  virtual Result<std::vector<DayState>> dirty_days() = 0;  // oldest first
  virtual Result<std::optional<DayState>> day_state(Day day) = 0;
  virtual Result<std::vector<SummarySensor>> sensors() = 0;
  // Rows with from <= time < to, in arrival order; rows too late are visited as well (flag kTooLate). All
  // visits between begin_snapshot and end_snapshot see the same rows.
  virtual Status begin_snapshot() = 0;
  virtual void end_snapshot() = 0;
  virtual Status visit_rows(std::int64_t from_ms, std::int64_t to_ms, const RowVisitor& visit) = 0;
  virtual Status visit_numbered_rows(std::int64_t from_ms, std::int64_t to_ms,
                                     const NumberedRowVisitor& visit) = 0;
  // What the speed layer counted of the day's readings on their arrival, those in the table; absent: it is
  // not known of all of them.
  virtual Result<std::optional<SensorTallies>> tallies(Day day) = 0;
  virtual Result<std::vector<AlertSpan>> alert_spans(std::int64_t from_ms, std::int64_t to_ms) = 0;
  virtual Result<Counts> arrived_on(Day day) = 0;  // the ledger's line
  virtual Result<std::optional<SummaryRevision>> newest(Day day) = 0;
  // One transaction: the revision, its outbox rows (one a sink), the day clean unless touched since, and the
  // rows that repeat others flagged kDuplicate and entered in the ledger as readings_repeated. `unchanged`:
  // nothing but the day's cleanliness and those rows is written.
  virtual Status save(const SummaryRevision& revision, const std::vector<std::string>& sinks,
                      std::uint64_t touched, bool unchanged, const std::vector<RepeatedRow>& repeated) = 0;
};

}  // namespace sluice
