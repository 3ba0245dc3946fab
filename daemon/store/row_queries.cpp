#include "store/row_queries.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace sluice {

namespace {

constexpr std::int64_t kPieceRows = 1000000;

// Days of a zone that was configured before may be cut elsewhere: a day more on either side.
constexpr char kBatchSpan[] =
    "SELECT min(first_batch), max(CASE WHEN open THEN (SELECT commits FROM cursor) ELSE last_batch END) "
    "FROM day WHERE day BETWEEN ?1 - 1 AND ?2 + 1";
constexpr char kPageBatches[] =
    "SELECT id, first_row, last_row FROM batch "
    "WHERE id BETWEEN ?1 AND ?2 AND max_time_ms >= ?3 AND min_time_ms < ?4 AND last_row > ?5 "
    "AND id NOT IN (SELECT id FROM unset_batch) ORDER BY id";
constexpr char kPageRows[] =
    "SELECT sensor, time_ms, value, lag_ms, flags, id FROM reading WHERE id BETWEEN ?1 AND ?2 ORDER BY id";

constexpr char kTallies[] =
    "SELECT tallies FROM batch WHERE id BETWEEN ?1 AND ?2 AND max_time_ms >= ?3 AND min_time_ms < ?4 "
    "AND id NOT IN (SELECT id FROM unset_batch)";

using Range = std::pair<std::int64_t, std::int64_t>;  // first and last row

struct Piece {
  std::vector<Range> ranges;    // neighbours merged
  std::int64_t last_batch = 0;  // 0: there are no more
};

struct Span {
  std::int64_t from_ms;
  std::int64_t to_ms;
  std::int64_t after;  // row
};

// Batches that may have readings between the two.
Result<std::optional<Range>> batch_span(Connection& connection, const Calendar& calendar,
                                        std::int64_t from_ms, std::int64_t to_ms) {
  Query query = connection.query(kBatchSpan, calendar.day_of(from_ms), calendar.day_of(to_ms - 1));
  std::optional<Range> span;
  if (query.next() && !query.is_null(0)) span = Range{query.integer(0), query.integer(1)};
  return query.result(span);
}

Result<Piece> next_piece(Connection& connection, std::int64_t first_batch, std::int64_t last_batch,
                         const Span& span) {
  Piece piece;
  std::int64_t rows = 0;
  Query query = connection.query(kPageBatches, first_batch, last_batch, span.from_ms, span.to_ms, span.after);
  while (rows < kPieceRows) {
    if (!query.next()) {
      if (Status status = query.status(); !status.ok()) return status.error();
      piece.last_batch = 0;
      return piece;
    }
    piece.last_batch = query.integer(0);
    Range range{std::max(query.integer(1), span.after + 1), query.integer(2)};
    rows += range.second - range.first + 1;
    if (!piece.ranges.empty() && piece.ranges.back().second + 1 == range.first)
      piece.ranges.back().second = range.second;
    else
      piece.ranges.push_back(range);
  }
  return piece;
}

// False: the examiner has enough.
Result<bool> examine_range(Connection& connection, Range range, const RowExaminer& examine) {
  Query query = connection.query(kPageRows, range.first, range.second);
  while (query.next()) {
    if (!examine(query.integer(5), reading_of(query))) return false;
  }
  return query.result(true);
}

}  // namespace

Reading reading_of(const Query& row, int first) {
  Reading reading;
  reading.sensor = static_cast<SensorId>(row.integer(first));
  reading.time_ms = row.integer(first + 1);
  reading.value = row.real(first + 2);
  reading.arrival_ms = reading.time_ms + row.integer(first + 3);
  reading.flags = static_cast<std::uint32_t>(row.integer(first + 4));
  return reading;
}

Status examine_rows(Connection& connection, const Calendar& calendar, std::int64_t from_ms,
                    std::int64_t to_ms, std::int64_t after, const RowExaminer& examine) {
  if (from_ms >= to_ms) return {};
  std::int64_t first_batch = 0;
  std::int64_t last_batch = 0;
  {
    auto span = batch_span(connection, calendar, from_ms, to_ms);
    if (!span.ok()) return span.error();
    if (!*span) return {};
    std::tie(first_batch, last_batch) = **span;
  }
  while (first_batch <= last_batch) {
    auto piece = next_piece(connection, first_batch, last_batch, {from_ms, to_ms, after});
    if (!piece.ok()) return piece.error();
    for (const Range& range : piece->ranges) {
      Result<bool> go_on = examine_range(connection, range, examine);
      if (!go_on.ok()) return go_on.error();
      if (!*go_on) return {};
    }
    if (piece->last_batch == 0) return {};
    first_batch = piece->last_batch + 1;
  }
  return {};
}

Status visit_rows_between(Connection& connection, const Calendar& calendar, std::int64_t from_ms,
                          std::int64_t to_ms, const NumberedRowVisitor& visit) {
  return examine_rows(connection, calendar, from_ms, to_ms, 0, [&](std::int64_t row, const Reading& reading) {
    if (reading.time_ms >= from_ms && reading.time_ms < to_ms) visit(row, reading);
    return true;
  });
}

Result<std::optional<SensorTallies>> read_tallies(Connection& connection, const Calendar& calendar, Day day) {
  const std::int64_t from_ms = calendar.begin_ms(day);
  const std::int64_t to_ms = calendar.end_ms(day);
  SensorTallies sum;
  if (from_ms >= to_ms) return std::optional(sum);
  auto span = batch_span(connection, calendar, from_ms, to_ms);
  if (!span.ok()) return span.error();
  if (!*span) return std::optional(sum);
  Query query = connection.query(kTallies, (*span)->first, (*span)->second, from_ms, to_ms);
  while (query.next()) {
    if (query.is_null(0)) return std::optional<SensorTallies>();
    const bool sound = decode_tallies(query.view(0), [&](const DayTally& entry) {
      if (entry.day == day) sum[entry.sensor].merge(entry.tally);
    });
    if (!sound) return std::optional<SensorTallies>();
  }
  if (Status status = query.status(); !status.ok()) return status.error();
  return std::optional(std::move(sum));
}

}  // namespace sluice
