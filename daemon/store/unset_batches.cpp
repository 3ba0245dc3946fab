#include "store/unset_batches.h"

#include <algorithm>
#include <vector>

#include "model/tally.h"
#include "store/batch_days.h"
#include "store/day_queries.h"
#include "store/row_queries.h"
#include "store/view.h"

namespace sluice {

namespace {

constexpr std::int64_t kStepRows = 4000;
constexpr int kStepBatches = 200;

constexpr char kCount[] = "SELECT count(*) FROM unset_batch";
constexpr char kHold[] = "INSERT INTO unset_batch VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr char kHoldCount[] =
    "INSERT INTO unset_counter VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = value + ?3";
constexpr char kKnown[] =
    "UPDATE boot SET offset_ms = ?2, estimated = 0 WHERE id = ?1 AND (offset_ms IS NULL OR estimated)";
constexpr char kEstimated[] =
    "UPDATE boot SET estimated = 1, offset_ms = "
    "(SELECT max(offset_ms) - max(0, max(end_ms) - ?1) FROM unset_batch WHERE boot = boot.id) "
    "WHERE offset_ms IS NULL AND id IN (SELECT boot FROM unset_batch)";
constexpr char kDue[] =
    "SELECT u.id, u.end_ms, b.offset_ms - u.offset_ms, b.estimated, u.row_count FROM unset_batch u "
    "JOIN boot b ON b.id = u.boot WHERE b.offset_ms IS NOT NULL ORDER BY u.id LIMIT ?1";
constexpr char kRange[] = "SELECT first_row, last_row FROM batch WHERE id = ?1";
constexpr char kMoveRows[] =
    "UPDATE reading SET time_ms = time_ms + CASE WHEN flags & 1 THEN 0 ELSE ?3 END, "
    "lag_ms = lag_ms + CASE WHEN flags & 1 THEN ?3 ELSE 0 END, flags = flags & ~?4 WHERE id BETWEEN ?1 AND "
    "?2";
constexpr char kRows[] =
    "SELECT sensor, time_ms, value, lag_ms, flags FROM reading WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
constexpr char kFlagRow[] = "UPDATE reading SET flags = flags | ?2 WHERE id = ?1";
constexpr char kMoveBatch[] =
    "UPDATE batch SET min_time_ms = ?2, max_time_ms = ?3, min_arrival_ms = ?4, max_arrival_ms = ?5, "
    "wall_minus_stream_ms = wall_minus_stream_ms + ?6, digest = ?7, "
    "tallies = CASE WHEN tallies IS NULL THEN NULL ELSE ?8 END WHERE id = ?1";
constexpr char kCounts[] = "SELECT name, value FROM unset_counter WHERE batch = ?1";
constexpr char kForgetCounts[] = "DELETE FROM unset_counter WHERE batch = ?1";
constexpr char kForget[] = "DELETE FROM unset_batch WHERE id = ?1";

static_assert(kPayloadTime == 1, "the bit is in kMoveRows");

struct Due {
  std::int64_t id = 0;
  std::int64_t end_ms = 0;    // as it is known now
  std::int64_t shift_ms = 0;  // to get there
  bool estimated = false;     // it is what was thought
  std::int64_t row_count = 0;
};

std::int64_t wall_minus_boot(const StreamClockState& clock) {
  return clock.wall_minus_stream_ms + clock.stream_minus_boot_ms;
}

Result<std::vector<Due>> due_batches(Connection& connection) {
  std::vector<Due> due;
  std::int64_t rows = 0;
  Query query = connection.query(kDue, kStepBatches);
  while (rows < kStepRows && query.next()) {
    const std::int64_t shift_ms = query.integer(2);
    due.push_back(
        {query.integer(0), query.integer(1) + shift_ms, shift_ms, query.integer(3) != 0, query.integer(4)});
    rows += due.back().row_count;
  }
  return query.result(std::move(due));
}

// One batch: its rows where they belong, and what it is to the days and the ledger.
class Retiming {
 public:
  Retiming(Connection& connection, const Calendar& calendar, const Due& due)
      : connection_(connection), calendar_(calendar), due_(due) {}

  Status run(std::int64_t reopen_ms, CommitState& state) {
    Status s = move_rows();
    if (s.ok()) s = load_rows();
    if (s.ok()) s = load_counts();
    if (!s.ok()) return s;
    moved_.clock.stream_ms = due_.end_ms;
    moved_.gateway_days = {calendar_.day_of(due_.end_ms)};
    BatchDays days(calendar_, moved_);
    s = days.settle(connection_, calendar_, due_.id, reopen_ms, state.open_day);
    if (s.ok()) s = flag_late(days);
    if (s.ok()) s = write_batch_row(days);
    if (s.ok()) s = add_counts(connection_, moved_.counts);
    if (s.ok()) s = connection_.query(kForgetCounts, due_.id).run();
    if (s.ok()) s = connection_.query(kForget, due_.id).run();
    if (!moved_.readings.empty() && !due_.estimated)
      state.newest_arrival_ms = std::max(state.newest_arrival_ms, days.max_arrival_ms());
    return s;
  }

 private:
  Status move_rows() {
    Query query = connection_.query(kRange, due_.id);
    if (query.next()) {
      first_row_ = query.integer(0);
      last_row_ = query.integer(1);
    }
    if (Status status = query.status(); !status.ok() || first_row_ == 0) return status;
    const int clear = due_.estimated ? 0 : static_cast<int>(kTimeEstimated);
    return connection_.query(kMoveRows, first_row_, last_row_, due_.shift_ms, clear).run();
  }

  Status load_rows() {
    if (first_row_ == 0) return {};
    Query query = connection_.query(kRows, first_row_, last_row_);
    while (query.next()) {
      moved_.readings.push_back(reading_of(query));
    }
    return query.status();
  }

  // All on the day on which it ended, but for rows that arrived on the one before.
  Status load_counts() {
    const Day day = calendar_.day_of(due_.end_ms);
    Counts& counts = moved_.counts[day];
    Query query = connection_.query(kCounts, due_.id);
    while (query.next()) {
      if (auto counter = counter_of(query.view(0)))
        counts[*counter] = static_cast<std::uint64_t>(query.integer(1));
    }
    if (Status status = query.status(); !status.ok()) return status;
    for (const Reading& row : moved_.readings) {
      const Day arrived = calendar_.day_of(row.arrival_ms);
      if (arrived == day) continue;
      const bool duplicate = row.flags & kDuplicate;
      for (Counter counter :
           {Counter::kReadingsDecoded, duplicate ? Counter::kReadingsDuplicate : Counter::kReadingsStored}) {
        if (counts[counter] == 0) continue;  // somebody else has changed the table: audit will tell
        --counts[counter];
        ++moved_.counts[arrived][counter];
      }
    }
    return {};
  }

  Status flag_late(BatchDays& days) {
    std::int64_t id = first_row_;
    for (const Reading& row : moved_.readings) {
      const std::int64_t here = id++;
      if (!days.too_late(row)) continue;
      Status status = connection_.query(kFlagRow, here, static_cast<int>(kTooLate)).run();
      if (!status.ok()) return status;
      if (!(row.flags & kDuplicate))
        ++moved_.counts[calendar_.day_of(row.arrival_ms)][Counter::kReadingsTooLate];
    }
    return {};
  }

  Status write_batch_row(BatchDays& days) {
    if (moved_.readings.empty()) return {};
    RowsDigest digest;
    RunningTallies tallies;
    for (const Reading& row : moved_.readings) {
      digest.add(row);
      if (!(row.flags & kDuplicate)) tallies.add(calendar_.day_of(row.time_ms), row.sensor, row.value);
    }
    const std::string encoded = encode_tallies(tallies.take());
    return connection_
        .query(kMoveBatch, due_.id, days.min_time_ms(), days.max_time_ms(), days.min_arrival_ms(),
               days.max_arrival_ms(), due_.shift_ms, Blob{bytes_of_hex(digest.finish())}, Blob{encoded})
        .run();
  }

  Connection& connection_;
  const Calendar& calendar_;
  const Due due_;
  std::int64_t first_row_ = 0;  // 0: it has no readings
  std::int64_t last_row_ = 0;
  Batch moved_;
};

// The days of what is entered now may begin in earlier batches than the open day's row says.
Status close_open_day(Connection& connection, const Calendar& calendar, CommitState& state) {
  if (!state.open_day) return {};
  auto row = read_day(connection, calendar, *state.open_day);
  if (!row.ok()) return row.error();
  state.open_day.reset();
  if (!*row) return {};
  (*row)->open = false;
  return write_day(connection, **row);
}

}  // namespace

Status count_unset(Connection& connection, CommitState& state) {
  auto batches = connection.integer(kCount);
  if (!batches.ok()) return batches.error();
  state.unset_batches = *batches;
  state.retime_due = *batches > 0;
  return {};
}

Status hold_unset(Connection& connection, const Batch& batch, CommitState& state) {
  const StreamClockState& clock = batch.clock;
  Status held = connection
                    .query(kHold, state.commits, state.boot, clock.stream_ms + clock.wall_minus_stream_ms,
                           wall_minus_boot(clock), batch.readings.size())
                    .run();
  if (!held.ok()) return held;
  for (const auto& [day, counts] : batch.counts) {
    for (std::size_t i = 0; i < kCounterCount; ++i) {
      if (counts.values[i] == 0) continue;
      Status status =
          connection.query(kHoldCount, state.commits, counter_name(static_cast<Counter>(i)), counts.values[i])
              .run();
      if (!status.ok()) return status;
    }
  }
  ++state.unset_batches;
  return {};
}

Status note_clock(Connection& connection, const Batch& batch, CommitState& state) {
  if (state.unset_batches == 0 || state.noted_boot == state.boot) return {};
  const std::int64_t offset_ms = wall_minus_boot(batch.clock);
  Status status = connection.query(kKnown, state.boot, offset_ms).run();
  if (status.ok()) status = connection.query(kEstimated, offset_ms).run();
  state.noted_boot = state.boot;
  state.retime_due = true;
  return status;
}

Status note_estimates(Connection& connection, CommitState& state) {
  state.retime_due = true;
  return connection.query(kEstimated, INT64_MAX).run();
}

Result<bool> retime_some(Connection& connection, const Calendar& calendar, std::int64_t reopen_ms,
                         CommitState& state) {
  auto due = due_batches(connection);
  if (!due.ok()) return due.error();
  state.retime_due = !due->empty();
  if (due->empty()) return false;
  if (Status status = close_open_day(connection, calendar, state); !status.ok()) return status.error();
  for (const Due& batch : *due) {
    Status status = Retiming(connection, calendar, batch).run(reopen_ms, state);
    if (!status.ok()) return status.error();
    --state.unset_batches;
  }
  return true;
}

}  // namespace sluice
