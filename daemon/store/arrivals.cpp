#include "store/arrivals.h"

#include "store/checkpoint.h"
#include "store/row_queries.h"
#include "store/sqlite.h"

namespace sluice {

namespace {

constexpr char kArrivedBatches[] =
    "SELECT id, first_row, last_row, connected, stream_ms, subscribed_ms, wall_minus_stream_ms FROM batch "
    "WHERE id >= ?1 AND max_arrival_ms >= ?2 AND min_arrival_ms < ?3 ORDER BY id";
constexpr char kArrivedRows[] =
    "SELECT id, sensor, time_ms, value, lag_ms, flags FROM reading WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
constexpr char kArrivedSensors[] =
    "SELECT id, name, unit, last_time_ms, last_value, last_flags, last_lag_ms, last_arrival_ms, "
    "last_subscribed_ms FROM sensor ORDER BY id";
constexpr char kFirstRow[] = "SELECT first_row FROM batch ORDER BY id LIMIT 1";
constexpr char kLastRow[] = "SELECT last_row FROM batch ORDER BY id DESC LIMIT 1";

Status choose_batches(Connection& connection, const ArrivalSpan& span, Arrivals& piece) {
  auto room = static_cast<std::int64_t>(span.rows_max);
  Query query = connection.query(kArrivedBatches, piece.next_batch, span.from_ms, span.to_ms);
  while (room > 0) {
    if (!query.next()) {
      piece.end = true;
      return query.status();
    }
    ArrivedBatch batch;
    batch.first_row = std::max(query.integer(1), piece.next_row);
    batch.last_row = std::min(query.integer(2), batch.first_row + room - 1);
    if (batch.last_row < batch.first_row) continue;
    batch.clock = {query.integer(3) != 0, query.integer(4), query.integer(5), query.integer(6)};
    room -= batch.last_row - batch.first_row + 1;
    piece.next_batch = query.integer(0);
    piece.next_row = batch.last_row + 1;
    piece.batches.push_back(batch);
  }
  return {};
}

Status read_range(Connection& connection, std::int64_t first, std::int64_t last,
                  std::vector<ArrivedRow>& rows) {
  Query query = connection.query(kArrivedRows, first, last);
  while (query.next()) {
    rows.push_back({query.integer(0), reading_of(query, 1)});
  }
  return query.status();
}

}  // namespace

Status read_arrivals(Connection& connection, const ArrivalSpan& span, Arrivals& piece) {
  piece.batches.clear();
  piece.rows.clear();
  piece.end = false;
  if (Status status = choose_batches(connection, span, piece); !status.ok()) return status;
  // Neighbours in one query.
  for (std::size_t i = 0; i < piece.batches.size();) {
    const std::int64_t first = piece.batches[i].first_row;
    std::int64_t last = piece.batches[i].last_row;
    while (++i < piece.batches.size() && piece.batches[i].first_row == last + 1)
      last = piece.batches[i].last_row;
    if (Status status = read_range(connection, first, last, piece.rows); !status.ok()) return status;
  }
  return {};
}

Result<ArrivalFacts> read_arrival_facts(Connection& connection) {
  ArrivalFacts facts;
  if (Status status = read_clock(connection, facts.clock); !status.ok()) return status.error();
  auto first_row = connection.integer(kFirstRow);
  if (!first_row.ok()) return first_row.error();
  auto last_row = connection.integer(kLastRow);
  if (!last_row.ok()) return last_row.error();
  facts.first_row = *first_row;
  facts.last_row = *last_row;
  Query query = connection.query(kArrivedSensors);
  while (query.next()) {
    KnownSensor& known = facts.sensors.emplace_back();
    known.sensor = {static_cast<SensorId>(query.integer(0)), query.text(1), query.text(2), query.integer(8)};
    known.last = {
        known.sensor.id,  query.integer(3), query.real(4),   static_cast<std::uint32_t>(query.integer(5)),
        query.integer(6), query.integer(7), query.integer(8)};
  }
  return query.result(std::move(facts));
}

}  // namespace sluice
