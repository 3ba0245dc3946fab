// One batch into the tables, in the caller's transaction. The shape of a quiet batch matters: each page that
// it touches costs a page of WAL, so it touches four (reading, batch, cursor, counter).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/calendar.h"
#include "base/result.h"
#include "model/batch.h"
#include "store/sqlite.h"
#include "summary/day_table.h"

namespace sluice {

// What the next batch builds upon; kept in memory, read from the tables at start.
struct CommitState {
  Cursor cursor;
  std::int64_t commits = 0;
  std::int64_t last_row = 0;
  std::int64_t row_count = 0;
  std::int64_t snapshot_row = 0;
  std::int64_t newest_arrival_ms = 0;
  std::int64_t boot = 0;
  std::string boot_id;
  std::optional<Day> open_day;
  // Of unset_batches.h.
  std::int64_t unset_batches = 0;
  std::int64_t noted_boot = 0;  // whose clock has been noted
  bool retime_due = false;      // of some it may be known when they arrived
};

struct CommitSettings {
  std::int64_t reopen_ms = 0;
  std::uint32_t quarantine_max = 0;
  std::uint32_t alert_events_max = 0;
};

Result<CommitState> read_commit_state(Connection& connection);
// `state` is brought forward; after an error it is void.
Status write_batch(Connection& connection, const CommitSettings& settings, const Calendar& calendar,
                   const Batch& batch, CommitState& state);
// Rows of which a summary found that they repeat others: flagged, and entered in the ledger by arrival day.
// A row that is flagged or gone by now is passed over.
Status flag_repeated(Connection& connection, const Calendar& calendar, const std::vector<RepeatedRow>& rows);
Status add_counts(Connection& connection, const Ledger& counts);
std::string bytes_of_hex(const std::string& hex);

// Its readings, sensors and counters alone; `batch.clock` says which clocks the rows are noted with.
Status write_imported(Connection& connection, const Calendar& calendar, const Batch& batch,
                      CommitState& state);

}  // namespace sluice
