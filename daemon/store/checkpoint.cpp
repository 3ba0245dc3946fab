#include "store/checkpoint.h"

#include <algorithm>
#include <unordered_map>

#include "model/newest.h"
#include "store/alert_queries.h"
#include "store/arrivals.h"
#include "store/recent_rows.h"
#include "store/row_queries.h"

namespace sluice {

namespace {

constexpr char kCursor[] = "SELECT journal_id, seq, snapshot_row, newest_arrival_ms FROM cursor";
constexpr char kClock[] =
    "SELECT coalesce(boot.boot_id, ''), stream_minus_boot_ms, wall_minus_stream_ms, subscribed_ms, "
    "stream_ms, connected, backlog, clock_trusted, session_present, connected_since_ms "
    "FROM cursor LEFT JOIN boot ON boot.id = cursor.boot";
constexpr char kKnownSensors[] =
    "SELECT id, name, unit, last_time_ms, last_value, last_flags, last_lag_ms, last_arrival_ms, "
    "last_subscribed_ms FROM sensor ORDER BY id";
constexpr char kRetainedTopics[] = "SELECT topic, hash FROM retained ORDER BY topic";
// Newest first, until the last batch that is too old: reads no more of the table than it has to. By stream
// time, which no step of the wall clock moves.
constexpr char kBatchesBack[] = "SELECT id, stream_ms, first_row, last_row FROM batch ORDER BY id DESC";
constexpr char kBatchesFrom[] =
    "SELECT first_row, last_row, connected, stream_ms, subscribed_ms, wall_minus_stream_ms FROM batch "
    "WHERE id >= ?1 ORDER BY id";
constexpr char kReplayedRows[] =
    "SELECT sensor, time_ms, value, lag_ms, flags FROM reading WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
constexpr char kDelivered[] =
    "SELECT first, delivered FROM backlog UNION ALL "
    "SELECT delivered_first, delivered FROM cursor ORDER BY 1";
constexpr std::size_t kDeliveredBytes = 6;  // packet id, hash

struct LastValues {
  std::vector<SensorLast>& values;
  std::unordered_map<SensorId, std::size_t> index;

  SensorLast* of(SensorId id) {
    auto found = index.find(id);
    return found == index.end() ? nullptr : &values[found->second];
  }
};

Status lost_cursor(const Connection& connection, const Query& query) {
  if (Status status = query.status(); !status.ok()) return status;
  return make_error(ErrorCode::kCorrupt, connection.path() + " has lost its cursor; move it aside");
}

Status read_cursor(Connection& connection, Checkpoint& checkpoint, std::int64_t& snapshot_row) {
  Query query = connection.query(kCursor);
  if (!query.next()) return lost_cursor(connection, query);
  checkpoint.cursor.journal_id = query.text(0);
  checkpoint.cursor.seq = static_cast<std::uint64_t>(query.integer(1));
  snapshot_row = query.integer(2);
  checkpoint.newest_row_ms = query.integer(3);
  return read_clock(connection, checkpoint.clock);
}

Status read_delivered(Connection& connection, Checkpoint& checkpoint) {
  Query query = connection.query(kDelivered);
  while (query.next()) {
    checkpoint.delivered.push_back(
        {static_cast<std::uint64_t>(query.integer(0)), decode_delivered(query.view(1))});
  }
  return query.status();
}

Status read_sensors(Connection& connection, Checkpoint& checkpoint) {
  Query query = connection.query(kKnownSensors);
  while (query.next()) {
    auto id = static_cast<SensorId>(query.integer(0));
    checkpoint.sensors.push_back({id, query.text(1), query.text(2)});
    checkpoint.last.push_back({id, query.integer(3), query.real(4),
                               static_cast<std::uint32_t>(query.integer(5)), query.integer(6),
                               query.integer(7), query.integer(8)});
  }
  return query.status();
}

// The first batch whose rows must be read; 0: none.
Result<std::int64_t> first_batch_to_read(Connection& connection, std::int64_t snapshot_row,
                                         std::int64_t oldest_ms) {
  std::int64_t first = 0;
  Query query = connection.query(kBatchesBack);
  while (query.next()) {
    if (query.integer(3) <= snapshot_row) return first;
    if (snapshot_row == 0 && query.integer(1) < oldest_ms) return first;
    first = query.integer(0);
  }
  return query.result(first);
}

Status fold_rows(Connection& connection, std::int64_t first, std::int64_t last, const BatchClock& clock,
                 LastValues& last_values) {
  Query query = connection.query(kReplayedRows, first, last);
  while (query.next()) {
    SensorLast* value = last_values.of(static_cast<SensorId>(query.integer(0)));
    const Reading reading = reading_of(query);
    if (value == nullptr || (reading.flags & (kRetained | kDuplicate | kImported))) continue;
    value->arrival_ms = reading.arrival_ms;
    value->subscribed_ms = clock.subscribed_at(value->arrival_ms);
    if (is_newest(reading, value->time_ms)) {
      value->time_ms = reading.time_ms;
      value->value = reading.value;
      value->flags = reading.flags;
      value->lag_ms = reading.arrival_ms - reading.time_ms;
    }
  }
  return query.status();
}

Status read_rows_since(Connection& connection, std::int64_t first_batch, std::int64_t snapshot_row,
                       Checkpoint& checkpoint) {
  LastValues last_values{checkpoint.last, {}};
  for (std::size_t i = 0; i < checkpoint.last.size(); ++i) last_values.index[checkpoint.last[i].id] = i;
  Query batches = connection.query(kBatchesFrom, first_batch);
  while (batches.next()) {
    BatchClock clock{batches.integer(2) != 0, batches.integer(3), batches.integer(4), batches.integer(5)};
    Status status = fold_rows(connection, std::max(batches.integer(0), snapshot_row + 1), batches.integer(1),
                              clock, last_values);
    if (!status.ok()) return status;
  }
  return batches.status();
}

Status read_retained(Connection& connection, Checkpoint& checkpoint) {
  Query query = connection.query(kRetainedTopics);
  while (query.next()) {
    checkpoint.retained.emplace_back(query.text(0), static_cast<std::uint64_t>(query.integer(1)));
  }
  return query.status();
}

}  // namespace

Status read_clock(Connection& connection, StreamClockState& clock) {
  Query query = connection.query(kClock);
  if (!query.next()) return lost_cursor(connection, query);
  clock.boot_id = query.text(0);
  clock.stream_minus_boot_ms = query.integer(1);
  clock.wall_minus_stream_ms = query.integer(2);
  clock.subscribed_ms = query.integer(3);
  clock.stream_ms = query.integer(4);
  clock.connected = query.integer(5) != 0;
  clock.backlog = query.integer(6) != 0;
  clock.clock_trusted = query.integer(7) != 0;
  clock.session_present = query.integer(8) != 0;
  clock.connected_since_ms = query.integer(9);
  return {};
}

Result<Checkpoint> read_checkpoint(Connection& connection, const Lookback& lookback) {
  Checkpoint checkpoint;
  std::int64_t snapshot_row = 0;
  if (Status s = read_cursor(connection, checkpoint, snapshot_row); !s.ok()) return s.error();
  if (Status s = read_sensors(connection, checkpoint); !s.ok()) return s.error();
  auto first = first_batch_to_read(connection, snapshot_row, checkpoint.clock.stream_ms - lookback.last_ms);
  if (!first.ok()) return first.error();
  if (*first != 0) {
    if (Status s = read_rows_since(connection, *first, snapshot_row, checkpoint); !s.ok()) return s.error();
  }
  std::erase_if(checkpoint.last,
                [](const SensorLast& last) { return last.arrival_ms == 0 && last.subscribed_ms == 0; });
  if (Status s = read_recent(connection, lookback, checkpoint); !s.ok()) return s.error();
  auto states = read_rule_states(connection);
  if (!states.ok()) return states.error();
  checkpoint.rule_states = std::move(*states);
  auto silences = read_silences(connection);
  if (!silences.ok()) return silences.error();
  checkpoint.silences = std::move(*silences);
  auto undelivered = read_undelivered(connection);
  if (!undelivered.ok()) return undelivered.error();
  checkpoint.undelivered = std::move(*undelivered);
  auto standing = read_firing(connection);
  if (!standing.ok()) return standing.error();
  checkpoint.standing = std::move(*standing);
  if (Status s = read_retained(connection, checkpoint); !s.ok()) return s.error();
  if (Status s = read_delivered(connection, checkpoint); !s.ok()) return s.error();
  return checkpoint;
}

std::string encode_delivered(const std::vector<DeliveredMessage>& messages) {
  std::string bytes;
  bytes.reserve(messages.size() * kDeliveredBytes);
  for (const DeliveredMessage& message : messages) {
    for (int i = 0; i < 2; ++i) bytes += static_cast<char>(message.packet_id >> (8 * i));
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(message.hash >> (8 * i));
  }
  return bytes;
}

std::vector<DeliveredMessage> decode_delivered(std::string_view bytes) {
  auto number = [&](std::size_t at, int size) {
    std::uint32_t value = 0;
    for (int i = size; i-- > 0;)
      value = value << 8 | static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]);
    return value;
  };
  std::vector<DeliveredMessage> messages;
  for (std::size_t at = 0; at + kDeliveredBytes <= bytes.size(); at += kDeliveredBytes)
    messages.push_back({static_cast<std::uint16_t>(number(at, 2)), number(at + 2, 4)});
  return messages;
}

}  // namespace sluice
