#include "store/commit.h"

#include <algorithm>
#include <cmath>

#include "store/alert_queries.h"
#include "store/batch_days.h"
#include "store/checkpoint.h"
#include "store/unset_batches.h"
#include "store/view.h"

namespace sluice {

namespace {

constexpr char kState[] =
    "SELECT journal_id, seq, commits, last_row, row_count, snapshot_row, newest_arrival_ms, boot, "
    "coalesce((SELECT boot_id FROM boot WHERE id = boot), '') FROM cursor";
constexpr char kLastRow[] = "SELECT max(id) FROM reading";
constexpr char kOpenDay[] = "SELECT day FROM day WHERE open = 1 ORDER BY day DESC LIMIT 1";
constexpr char kAddBoot[] = "INSERT OR IGNORE INTO boot(boot_id) VALUES(?1)";
constexpr char kBoot[] = "SELECT id FROM boot WHERE boot_id = ?1";
constexpr char kPutSensor[] =
    "INSERT INTO sensor(id, name, unit, last_subscribed_ms) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(id) DO UPDATE "
    "SET unit = ?3 "
    "WHERE name = ?2";
// Without a key the row follows the last one, which is quicker than naming it.
constexpr char kFirstRow[] = "INSERT INTO reading VALUES(?6, ?1, ?2, ?3, ?4, ?5)";
constexpr char kNextRow[] =
    "INSERT INTO reading(sensor, time_ms, value, lag_ms, flags) VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr char kInsertBatch[] =
    "INSERT INTO batch VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
constexpr char kAddCount[] =
    "INSERT INTO counter VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = value + ?3";
constexpr char kFlagRepeated[] = "UPDATE reading SET flags = flags | ?2 WHERE id = ?1 AND flags & ?2 = 0";
constexpr char kPutRetained[] = "INSERT OR REPLACE INTO retained VALUES(?1, ?2)";
constexpr char kQuarantine[] = "INSERT INTO quarantine(at_ms, topic, payload, reason) VALUES(?1, ?2, ?3, ?4)";
constexpr char kTrimQuarantine[] = "DELETE FROM quarantine WHERE id <= (SELECT max(id) FROM quarantine) - ?1";
constexpr char kSnapshot[] =
    "UPDATE sensor SET last_time_ms = ?2, last_value = ?3, last_flags = ?4, last_lag_ms = ?5, "
    "last_arrival_ms = ?6, last_subscribed_ms = ?7 WHERE id = ?1";
constexpr char kPutRows[] =
    "UPDATE cursor SET commits = ?1, last_row = ?2, row_count = ?3, newest_arrival_ms = ?4";
constexpr char kPutCursor[] =
    "UPDATE cursor SET journal_id = ?1, seq = ?2, commits = ?3, last_row = ?4, row_count = ?5, "
    "snapshot_row = ?6, newest_arrival_ms = ?7, boot = ?8, stream_minus_boot_ms = ?9, "
    "wall_minus_stream_ms = ?10, subscribed_ms = ?11, stream_ms = ?12, connected = ?13, backlog = ?14, "
    "clock_trusted = ?15, session_present = ?16, connected_since_ms = ?17, delivered_first = ?18, delivered "
    "= ?19";
constexpr char kPutBacklog[] = "INSERT OR REPLACE INTO backlog VALUES(?1, ?2, ?3)";

// Whole numbers take fewer bytes as integers; the column's affinity makes them doubles again.
bool is_small_whole(double value) {
  constexpr double kLimit = 140737488355328.0;  // 2^47: what SQLite stores so
  return value > -kLimit && value < kLimit && value == std::trunc(value);
}

Status find_boot(Connection& connection, const std::string& boot_id, CommitState& state) {
  if (boot_id == state.boot_id) return {};
  if (Status status = connection.query(kAddBoot, boot_id).run(); !status.ok()) return status;
  auto boot = connection.integer(kBoot, boot_id);
  if (!boot.ok()) return boot.error();
  state.boot = *boot;
  state.boot_id = boot_id;
  return {};
}

Status write_sensors(Connection& connection, const std::vector<SensorRow>& sensors) {
  for (const SensorRow& sensor : sensors) {
    Status status =
        connection.query(kPutSensor, sensor.id, sensor.name, sensor.unit, sensor.subscribed_ms).run();
    if (!status.ok()) return status;
    SLUICE_CHECK(connection.changes() == 1, "a sensor number was given to two names");
  }
  return {};
}

template <class... Key>
Status insert_row(Query& insert, const Reading& reading, std::uint32_t flags, Key... key) {
  std::int64_t lag_ms = reading.arrival_ms - reading.time_ms;
  if (is_small_whole(reading.value))
    return insert.run_with(reading.sensor, reading.time_ms, static_cast<std::int64_t>(reading.value), lag_ms,
                           flags, key...);
  return insert.run_with(reading.sensor, reading.time_ms, reading.value, lag_ms, flags, key...);
}

Status write_rows(Connection& connection, const Calendar& calendar, const Batch& batch, BatchDays& days,
                  CommitState& state) {
  if (batch.readings.empty()) return {};
  std::int64_t row = state.last_row;
  RowsDigest digest;
  Ledger too_late;
  {
    Query first = connection.query(kFirstRow);
    Query next = connection.query(kNextRow);
    for (const Reading& reading : batch.readings) {
      std::uint32_t flags = reading.flags;
      if (!batch.unset && days.too_late(reading)) {
        flags |= kTooLate;
        if (!(flags & kDuplicate)) ++too_late[calendar.day_of(reading.arrival_ms)][Counter::kReadingsTooLate];
      }
      Status status =
          row++ == state.last_row ? insert_row(first, reading, flags, row) : insert_row(next, reading, flags);
      if (!status.ok()) return status;
      digest.add(reading);
    }
  }
  const StreamClockState& clock = batch.clock;
  std::string encoded;
  std::optional<Blob> tallies;
  if (batch.tallies) {
    encoded = encode_tallies(*batch.tallies);
    tallies = Blob{encoded};
  }
  Status status =
      connection
          .query(kInsertBatch, state.commits, state.last_row + 1, row, days.min_time_ms(), days.max_time_ms(),
                 days.min_arrival_ms(), days.max_arrival_ms(), state.boot, clock.connected, clock.stream_ms,
                 clock.subscribed_ms, clock.wall_minus_stream_ms, clock.stream_minus_boot_ms,
                 Blob{bytes_of_hex(digest.finish())}, tallies)
          .run();
  state.row_count += row - state.last_row;
  state.last_row = row;
  if (!batch.unset) state.newest_arrival_ms = std::max(state.newest_arrival_ms, days.max_arrival_ms());
  return status.ok() ? add_counts(connection, too_late) : status;
}

Status write_retained(Connection& connection, const Batch& batch) {
  for (const auto& [topic, hash] : batch.retained) {
    Status status = connection.query(kPutRetained, topic, hash).run();
    if (!status.ok()) return status;
  }
  return {};
}

Status write_backlog(Connection& connection, const std::vector<DeliveredRun>& runs) {
  for (const DeliveredRun& run : runs) {
    Status status = connection
                        .query(kPutBacklog, run.first / kBacklogRun % kBacklogRunsMax, run.first,
                               Blob{encode_delivered(run.messages)})
                        .run();
    if (!status.ok()) return status;
  }
  return {};
}

Status write_quarantine(Connection& connection, const std::vector<QuarantineSample>& samples,
                        std::uint32_t samples_max) {
  if (samples.empty()) return {};
  std::size_t skipped = samples.size() > samples_max ? samples.size() - samples_max : 0;
  for (std::size_t i = skipped; i < samples.size(); ++i) {
    const QuarantineSample& sample = samples[i];
    std::string_view payload = std::string_view(sample.payload).substr(0, kQuarantinePayloadMax);
    Status status =
        connection.query(kQuarantine, sample.at_ms, sample.topic, Blob{payload}, counter_name(sample.reason))
            .run();
    if (!status.ok()) return status;
  }
  return connection.query(kTrimQuarantine, samples_max).run();
}

Status write_last(Connection& connection, const std::vector<SensorLast>& sensors) {
  for (const SensorLast& last : sensors) {
    Status status = connection
                        .query(kSnapshot, last.id, last.time_ms, last.value, last.flags, last.lag_ms,
                               last.arrival_ms, last.subscribed_ms)
                        .run();
    if (!status.ok()) return status;
  }
  return {};
}

Status write_cursor(Connection& connection, const Batch& batch, CommitState& state) {
  state.cursor = batch.cursor;
  const StreamClockState& clock = batch.clock;
  return connection
      .query(kPutCursor, batch.cursor.journal_id, batch.cursor.seq, state.commits, state.last_row,
             state.row_count, state.snapshot_row, state.newest_arrival_ms, state.boot,
             clock.stream_minus_boot_ms, clock.wall_minus_stream_ms, clock.subscribed_ms, clock.stream_ms,
             clock.connected, clock.backlog, clock.clock_trusted, clock.session_present,
             clock.connected_since_ms, batch.delivered.first,
             Blob{encode_delivered(batch.delivered.messages)})
      .run();
}

}  // namespace

Result<CommitState> read_commit_state(Connection& connection) {
  CommitState state;
  {
    Query query = connection.query(kState);
    if (!query.next()) {
      if (Status status = query.status(); !status.ok()) return status.error();
      return make_error(ErrorCode::kCorrupt, connection.path() + " has lost its cursor; move it aside");
    }
    state.cursor.journal_id = query.text(0);
    state.cursor.seq = static_cast<std::uint64_t>(query.integer(1));
    state.commits = query.integer(2);
    state.last_row = query.integer(3);
    state.row_count = query.integer(4);
    state.snapshot_row = query.integer(5);
    state.newest_arrival_ms = query.integer(6);
    state.boot = query.integer(7);
    state.boot_id = query.text(8);
  }
  // Somebody else may have added rows.
  auto last_row = connection.integer(kLastRow);
  if (!last_row.ok()) return last_row.error();
  state.last_row = std::max(state.last_row, *last_row);
  Query query = connection.query(kOpenDay);
  if (query.next()) state.open_day = static_cast<Day>(query.integer(0));
  if (Status status = query.status(); !status.ok()) return status.error();
  if (Status status = count_unset(connection, state); !status.ok()) return status.error();
  return state;
}

std::string bytes_of_hex(const std::string& hex) {
  auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return bytes;
}

Status add_counts(Connection& connection, const Ledger& counts) {
  for (const auto& [day, values] : counts) {
    for (std::size_t i = 0; i < kCounterCount; ++i) {
      if (values.values[i] == 0) continue;
      Status status =
          connection.query(kAddCount, day, counter_name(static_cast<Counter>(i)), values.values[i]).run();
      if (!status.ok()) return status;
    }
  }
  return {};
}

Status flag_repeated(Connection& connection, const Calendar& calendar, const std::vector<RepeatedRow>& rows) {
  Ledger repeated;
  for (const RepeatedRow& row : rows) {
    Status status = connection.query(kFlagRepeated, row.row, kDuplicate | kFoundDuplicate).run();
    if (!status.ok()) return status;
    if (connection.changes() == 1) ++repeated[calendar.day_of(row.arrival_ms)][Counter::kReadingsRepeated];
  }
  return add_counts(connection, repeated);
}

Status write_batch(Connection& connection, const CommitSettings& settings, const Calendar& calendar,
                   const Batch& batch, CommitState& state) {
  if (batch.cursor.journal_id == state.cursor.journal_id && batch.cursor.seq < state.cursor.seq)
    return make_error(ErrorCode::kInvalid, "a batch up to record " + std::to_string(batch.cursor.seq) +
                                               " came after record " + std::to_string(state.cursor.seq) +
                                               " was stored; load the checkpoint again");
  ++state.commits;
  BatchDays days(calendar, batch);
  Status s = find_boot(connection, batch.clock.boot_id, state);
  if (!batch.unset && s.ok())
    s = days.settle(connection, calendar, state.commits, settings.reopen_ms, state.open_day);
  if (s.ok()) s = write_sensors(connection, batch.new_sensors);
  if (s.ok()) s = write_rows(connection, calendar, batch, days, state);
  if (s.ok()) s = batch.unset ? hold_unset(connection, batch, state) : add_counts(connection, batch.counts);
  if (!batch.unset && batch.clock.clock_trusted && s.ok()) s = note_clock(connection, batch, state);
  if (s.ok()) s = write_rule_states(connection, batch.rule_states);
  if (s.ok()) s = write_silences(connection, batch.silences);
  if (s.ok()) s = write_alert_events(connection, batch.events, settings.alert_events_max);
  if (s.ok()) s = write_retained(connection, batch);
  if (s.ok()) s = write_backlog(connection, batch.backlog);
  if (s.ok()) s = write_quarantine(connection, batch.quarantine, settings.quarantine_max);
  if (s.ok()) s = write_last(connection, batch.derived);
  if (s.ok()) s = write_last(connection, batch.snapshot);
  if (!batch.snapshot.empty()) state.snapshot_row = state.last_row;
  if (s.ok()) s = write_cursor(connection, batch, state);
  return s;
}

Status write_imported(Connection& connection, const Calendar& calendar, const Batch& batch,
                      CommitState& state) {
  constexpr std::int64_t kReopensAnyDay = INT64_MAX / 4;
  ++state.commits;
  BatchDays days(calendar, batch);
  Status s = days.settle(connection, calendar, state.commits, kReopensAnyDay, state.open_day);
  if (s.ok()) s = write_sensors(connection, batch.new_sensors);
  if (s.ok()) s = write_rows(connection, calendar, batch, days, state);
  if (s.ok()) s = add_counts(connection, batch.counts);
  if (!s.ok()) return s;
  return connection.query(kPutRows, state.commits, state.last_row, state.row_count, state.newest_arrival_ms)
      .run();
}

}  // namespace sluice
