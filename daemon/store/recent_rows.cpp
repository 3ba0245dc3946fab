#include "store/recent_rows.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/row_queries.h"

namespace sluice {

namespace {

constexpr char kBatchesBack[] =
    "SELECT first_row, last_row, wall_minus_stream_ms, min_arrival_ms, max_arrival_ms FROM batch "
    "ORDER BY id DESC";
constexpr char kRowsBack[] =
    "SELECT sensor, time_ms, value, lag_ms, flags, id FROM reading WHERE id BETWEEN ?1 AND ?2 "
    "ORDER BY id DESC";

constexpr std::int64_t kRowsMax = 2000000;  // looked at: some seconds at start

struct RecentRow {
  std::int64_t id;
  RecentReading recent;
};

// The newest by time, which are those that a SensorHistory keeps; of a time those that came last.
class NewestRows {
 public:
  void add(const RecentRow& row, std::size_t max) {
    rows_.push_back(row);
    if (rows_.size() > max + max / 4) trim(max);
  }
  void take(std::size_t max, std::vector<RecentRow>& out) {
    trim(max);
    out.insert(out.end(), rows_.begin(), rows_.end());
    rows_.clear();
  }

 private:
  void trim(std::size_t max) {
    if (rows_.size() <= max) return;
    std::nth_element(rows_.begin(), rows_.begin() + static_cast<std::ptrdiff_t>(max), rows_.end(),
                     [](const RecentRow& a, const RecentRow& b) {
                       const std::int64_t a_ms = a.recent.reading.time_ms;
                       const std::int64_t b_ms = b.recent.reading.time_ms;
                       return a_ms != b_ms ? a_ms > b_ms : a.id > b.id;
                     });
    rows_.resize(max);
  }
  std::vector<RecentRow> rows_;
};

struct Wanted {
  std::int64_t back_ms;
  std::int64_t newest_ms;               // of times; what is later was a wrong clock's, and is forgotten
  std::array<NewestRows, 2> rows = {};  // copies (retained, duplicates) apart: not all rules take them
  std::vector<RecentRow> arrived = {};  // but copies, the last first

  void add(const RecentRow& row, std::size_t max) {
    const Reading& reading = row.recent.reading;
    const bool copy = reading.flags & (kRetained | kDuplicate);
    const bool in_time = reading.time_ms > newest_ms - back_ms && (copy || reading.time_ms <= newest_ms);
    if (in_time) rows[copy ? 1 : 0].add(row, max);
    if (copy || arrived.size() >= max) return;
    const std::int64_t last_ms =
        arrived.empty() ? row.recent.arrival_stream_ms : arrived.front().recent.arrival_stream_ms;
    if (row.recent.arrival_stream_ms > last_ms - back_ms) arrived.push_back(row);
  }
};
using WantedRows = std::unordered_map<SensorId, Wanted>;
using Spans = std::vector<std::pair<std::int64_t, std::int64_t>>;  // of arrivals, neighbours merged

Spans merged(Spans spans) {
  std::sort(spans.begin(), spans.end());
  Spans all;
  for (const auto& span : spans) {
    if (all.empty() || all.back().second < span.first) {
      all.push_back(span);
    } else {
      all.back().second = std::max(all.back().second, span.second);
    }
  }
  return all;
}

Status read_rows(Connection& connection, std::int64_t first, std::int64_t last,
                 std::int64_t wall_minus_stream_ms, std::size_t max, WantedRows& wanted) {
  Query query = connection.query(kRowsBack, first, last);
  while (query.next()) {
    auto found = wanted.find(static_cast<SensorId>(query.integer(0)));
    if (found == wanted.end()) continue;
    RecentRow row{query.integer(5), {reading_of(query), 0}};
    if (row.recent.reading.flags & kImported) continue;
    row.recent.arrival_stream_ms = row.recent.reading.arrival_ms - wall_minus_stream_ms;
    found->second.add(row, max);
  }
  return query.status();
}

}  // namespace

Status read_recent(Connection& connection, const Lookback& lookback, Checkpoint& checkpoint) {
  std::unordered_map<SensorId, const SensorLast*> last;
  for (const SensorLast& value : checkpoint.last) last[value.id] = &value;
  WantedRows wanted;
  Spans spans;
  for (const SensorRow& sensor : checkpoint.sensors) {
    const auto heard = last.find(sensor.id);
    if (heard == last.end() || heard->second->arrival_ms == 0) continue;
    const std::int64_t back_ms = lookback.recall_ms ? lookback.recall_ms(sensor.name) : 0;
    if (back_ms == 0) continue;
    const SensorLast& newest = *heard->second;
    wanted.emplace(sensor.id, Wanted{back_ms, newest.time_ms});
    const std::int64_t from_ms = std::min(newest.time_ms - lookback.ahead_ms, newest.arrival_ms) - back_ms;
    spans.emplace_back(from_ms, newest.arrival_ms);
  }
  spans = merged(std::move(spans));
  std::int64_t rows_left = kRowsMax;
  Query batches = connection.query(kBatchesBack);
  while (!spans.empty() && rows_left > 0 && batches.next()) {
    const std::int64_t from_ms = batches.integer(3);
    const std::int64_t to_ms = batches.integer(4);
    if (to_ms < spans.front().first) break;
    if (std::none_of(spans.begin(), spans.end(),
                     [&](const auto& span) { return span.first <= to_ms && span.second >= from_ms; })) {
      continue;
    }
    rows_left -= batches.integer(1) - batches.integer(0) + 1;
    Status status = read_rows(connection, batches.integer(0), batches.integer(1), batches.integer(2),
                              lookback.recent_max, wanted);
    if (!status.ok()) return status;
  }
  if (Status status = batches.status(); !status.ok()) return status;
  std::vector<RecentRow> rows;
  for (auto& [id, sensor] : wanted) {
    for (NewestRows& newest : sensor.rows) newest.take(lookback.recent_max, rows);
    rows.insert(rows.end(), sensor.arrived.begin(), sensor.arrived.end());
  }
  std::sort(rows.begin(), rows.end(), [](const RecentRow& a, const RecentRow& b) { return a.id < b.id; });
  rows.erase(std::unique(rows.begin(), rows.end(),
                         [](const RecentRow& a, const RecentRow& b) { return a.id == b.id; }),
             rows.end());
  for (const RecentRow& row : rows) checkpoint.recent.push_back(row.recent);
  return {};
}

}  // namespace sluice
