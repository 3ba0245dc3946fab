#include "summary/day_fold.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <span>
#include <tuple>

#include "summary/canonical_digest.h"
#include "summary/day_rows.h"
#include "summary/ordered_fold.h"
#include "summary/rank_search.h"
#include "summary/timed_fold.h"

namespace sluice {

namespace {

constexpr std::int64_t kDayMsMax = std::int64_t{1} << 30;
constexpr std::uint32_t kNoPlace = UINT32_MAX;
constexpr SensorId kSensorIdMax = 1u << 24;
constexpr std::int64_t kTimeBins = 65536;

bool canonical_less(const Row& a, const Row& b) {
  if (a.key() >> 2 != b.key() >> 2) return a.key() < b.key();
  if (a.value() != b.value()) return a.value() < b.value();
  return a.key() < b.key();
}

bool same_payload_reading(const Row& a, const Row& b) {
  return a.key() >> 2 == b.key() >> 2 && a.value() == b.value() && a.payload_time() && b.payload_time();
}

Error rows_changed() {
  return make_error(ErrorCode::kUnavailable, "rows of the day changed while they were read; try again");
}

class Folder {
 public:
  Folder(DayTable& table, const DayFoldInput& input)
      : table_(table),
        input_(input),
        rows_max_(std::max<std::uint64_t>(input.memory_bytes_max / sizeof(Row), 1)) {}

  Result<DayFold> run();

 private:
  Status number_sensors();
  Status gather_rows();
  Status fold_group(std::uint32_t first, std::uint32_t last, std::uint64_t rows);
  Status fold_large_sensor(std::uint32_t place);
  Result<std::vector<std::int64_t>> slice_bounds(std::uint32_t place);
  Result<std::span<const Row>> load_slice(std::uint32_t place, std::int64_t begin_ms, std::int64_t end_ms,
                                          bool first_time);
  std::span<const Row> settle(std::uint32_t place, std::span<Row> rows, bool first_time);
  void note_repeats(std::uint32_t place, std::span<const Row> rows);
  void fold_sensor(std::uint32_t place, std::span<Row> rows);
  void add_sensor(std::uint32_t place, const OrderedFold& fold, TimedFold& timed, double stddev,
                  const PercentileValues& ranks);

  const FoldSensor& sensor_at(std::uint32_t place) const { return input_.sensors[order_[place]]; }
  template <class Take>
  Status visit_table(std::int64_t begin_ms, std::int64_t end_ms, const Take& take);
  template <class Take>
  Status visit_again(std::uint32_t first, std::uint32_t last, std::int64_t begin_ms, std::int64_t end_ms,
                     const Take& take);
  template <class Take>
  void classify(const Reading& reading, const Take& take);

  DayTable& table_;
  const DayFoldInput& input_;
  const std::uint64_t rows_max_;
  std::vector<std::uint32_t> order_;     // place → index into input.sensors
  std::vector<std::uint32_t> place_of_;  // sensor id → place
  std::vector<Tally> arrived_;           // by place
  std::optional<DayRows> day_rows_;      // those neither flagged duplicate nor too late
  bool gathering_ = true;                // in the first visit
  std::vector<Row> rows_;                // of one group, sensor after sensor; or of one slice
  CanonicalDigest digest_;
  DayFold result_;
  std::string damage_;
};

Status Folder::number_sensors() {
  const auto& sensors = input_.sensors;
  order_.resize(sensors.size());
  std::iota(order_.begin(), order_.end(), 0u);
  std::sort(order_.begin(), order_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return sensors[a].name < sensors[b].name; });
  SensorId largest = 0;
  for (const FoldSensor& sensor : sensors) largest = std::max(largest, sensor.id);
  if (largest > kSensorIdMax) {
    return make_error(ErrorCode::kCorrupt, "sensor id " + std::to_string(largest) +
                                               " is beyond what the registry gives out; run sluicectl audit");
  }
  place_of_.assign(largest + std::size_t{1}, kNoPlace);
  for (std::uint32_t place = 0; place < order_.size(); ++place) place_of_[sensor_at(place).id] = place;
  arrived_.resize(order_.size());
  day_rows_.emplace(order_.size(), input_.memory_bytes_max, input_.scratch_folder);
  return {};
}

// Gives `take` the row, unless it is not to be counted.
template <class Take>
void Folder::classify(const Reading& reading, const Take& take) {
  const std::uint32_t place = reading.sensor < place_of_.size() ? place_of_[reading.sensor] : kNoPlace;
  if (gathering_ && place != kNoPlace && (reading.flags & (kDuplicate | kFoundDuplicate)) != kDuplicate) {
    arrived_[place].add(reading.value);
  }
  if (reading.flags & (kDuplicate | kTooLate)) {
    // One that is too late has made no news, so it changes no figure either.
    if (gathering_) ++(reading.flags & kTooLate ? result_.too_late : result_.duplicate);
    return;
  }
  if (place == kNoPlace || !std::isfinite(reading.value)) {
    damage_ = "a row of sensor " + std::to_string(reading.sensor) + " at " + std::to_string(reading.time_ms) +
              (place == kNoPlace ? " names a sensor that is not in the registry" : " holds no finite value") +
              "; run sluicectl audit";
    return;
  }
  SLUICE_CHECK(reading.time_ms >= input_.from_ms && reading.time_ms < input_.to_ms, "a row of the day");
  const auto offset = static_cast<std::uint32_t>(reading.time_ms - input_.from_ms);
  const std::uint32_t flags =
      (reading.flags & kPayloadTime ? 2u : 0u) | (reading.arrival_ms > input_.late_after_ms ? 1u : 0u);
  take(place, Row(offset << 2 | flags, reading.value + 0.0));
}

template <class Take>
Status Folder::visit_table(std::int64_t begin_ms, std::int64_t end_ms, const Take& take) {
  Status status =
      table_.visit_rows(begin_ms, end_ms, [&](const Reading& reading) { classify(reading, take); });
  gathering_ = false;
  if (status.ok() && !damage_.empty()) return make_error(ErrorCode::kCorrupt, damage_);
  return status;
}

// Rows of places [first, last), begin <= time < end: from where they were gathered, or from the table again.
template <class Take>
Status Folder::visit_again(std::uint32_t first, std::uint32_t last, std::int64_t begin_ms,
                           std::int64_t end_ms, const Take& take) {
  if (!day_rows_->complete()) {
    return visit_table(begin_ms, end_ms, [&](std::uint32_t place, const Row& row) {
      if (place >= first && place < last) take(place, row);
    });
  }
  const std::int64_t begin = begin_ms - input_.from_ms;
  const std::int64_t end = end_ms - input_.from_ms;
  return day_rows_->visit(first, last, [&](std::uint32_t place, std::span<const Row> rows) {
    for (const Row& row : rows) {
      if (row.offset_ms() >= begin && row.offset_ms() < end) take(place, row);
    }
  });
}

Status Folder::gather_rows() {
  Status status = visit_table(input_.from_ms, input_.to_ms,
                              [&](std::uint32_t place, const Row& row) { day_rows_->add(place, row); });
  day_rows_->finish();
  return status;
}

Result<DayFold> Folder::run() {
  SLUICE_CHECK(input_.from_ms <= input_.to_ms && input_.to_ms - input_.from_ms < kDayMsMax,
               "length of a day");
  if (Status status = number_sensors(); !status) return status.error();
  if (Status status = gather_rows(); !status) return status.error();
  const std::uint64_t capacity = day_rows_->in_memory() ? UINT64_MAX : rows_max_;
  const auto places = static_cast<std::uint32_t>(order_.size());
  for (std::uint32_t first = 0; first < places;) {
    std::uint64_t rows = 0;
    std::uint32_t last = first;
    while (last < places && day_rows_->count(last) <= capacity - rows) rows += day_rows_->count(last++);
    Status status = last > first ? fold_group(first, last, rows) : fold_large_sensor(last++);
    if (!status) return status.error();
    first = last;
  }
  result_.digest = digest_.finish_hex();
  for (std::uint32_t place = 0; place < places; ++place) {
    if (arrived_[place].count > 0) result_.arrived[sensor_at(place).id] = arrived_[place];
  }
  return std::move(result_);
}

// Sensors [first, last) have `rows` rows together, which fit.
Status Folder::fold_group(std::uint32_t first, std::uint32_t last, std::uint64_t rows) {
  if (rows == 0) return {};
  std::vector<std::uint64_t> ends(last - first + std::size_t{1}, 0);  // of the rows placed so far, by sensor
  for (std::uint32_t place = first; place < last; ++place) {
    ends[place - first + 1] = ends[place - first] + day_rows_->count(place);
  }
  const std::vector<std::uint64_t> begins = ends;
  if (rows_.capacity() < rows) rows_.reserve(std::max(rows, day_rows_->in_memory() ? 0 : rows_max_));
  rows_.resize(rows);
  bool changed = false;
  auto lay = [&](std::uint32_t place, const Row& row) {
    std::uint64_t& end = ends[place - first];
    if (end == begins[place - first + 1]) {
      changed = true;
    } else {
      rows_[end++] = row;
    }
  };
  if (Status status = visit_again(first, last, input_.from_ms, input_.to_ms, lay); !status) return status;
  for (std::uint32_t place = first; place < last; ++place) {
    changed = changed || ends[place - first] != begins[place - first + 1];
  }
  if (changed) return rows_changed();
  for (std::uint32_t place = first; place < last; ++place) {
    const std::uint64_t count = day_rows_->count(place);
    if (count > 0) fold_sensor(place, std::span(rows_).subspan(begins[place - first], count));
  }
  return {};
}

// Once for each reading, however often it is there.
void Folder::note_repeats(std::uint32_t place, std::span<const Row> rows) {
  for (std::size_t i = 1; i < rows.size() && result_.repeats.size() < kRepeatsMax; ++i) {
    const Row& kept = rows[i - 1];
    if (!same_payload_reading(kept, rows[i])) continue;
    if (i > 1 && same_payload_reading(rows[i - 2], kept)) continue;
    result_.repeats.push_back(
        {sensor_at(place).id, input_.from_ms + kept.offset_ms(), kept.value(), kept.late()});
  }
}

// Rows in canonical order, without those that are duplicates of an earlier one.
std::span<const Row> Folder::settle(std::uint32_t place, std::span<Row> rows, bool first_time) {
  if (!std::is_sorted(rows.begin(), rows.end(), canonical_less)) {
    std::sort(rows.begin(), rows.end(), canonical_less);
  }
  if (first_time) note_repeats(place, rows);
  const auto end = std::unique(rows.begin(), rows.end(), same_payload_reading);
  const std::span<const Row> counted = rows.first(static_cast<std::size_t>(end - rows.begin()));
  if (first_time) {
    result_.duplicate += rows.size() - counted.size();
    result_.stored += counted.size();
    for (const Row& row : counted) result_.late += row.late();
  }
  return counted;
}

void Folder::fold_sensor(std::uint32_t place, std::span<Row> rows) {
  const std::size_t count = settle(place, rows, true).size();
  rows = rows.first(count);
  const FoldSensor& sensor = sensor_at(place);
  OrderedFold fold(input_.to_ms - input_.from_ms, sensor.every_ms);
  TimedFold timed(input_.to_ms - input_.from_ms, sensor.kind);
  digest_.begin_sensor(sensor.name);
  for (const Row& row : rows) {
    fold.add(row.offset_ms(), row.value());
    timed.add(row.offset_ms(), row.value());
    digest_.add(input_.from_ms + row.offset_ms(), row.value());
  }
  Deviations deviations(fold);
  for (const Row& row : rows) deviations.add(row.value());

  // The order is no longer needed: each selection leaves the larger values behind it.
  PercentileValues ranks{};
  auto from = rows.begin();
  for (std::size_t i = 0; i < kPercentiles.size(); ++i) {
    auto at = rows.begin() + static_cast<std::ptrdiff_t>(nearest_rank(kPercentiles[i], count) - 1);
    std::nth_element(from, at, rows.end(), [](const Row& a, const Row& b) { return a.value() < b.value(); });
    ranks[i] = at->value();
    from = at;
  }
  add_sensor(place, fold, timed, deviations.stddev(), ranks);
}

// Cuts the day where the sensor's rows so far would no longer fit.
Result<std::vector<std::int64_t>> Folder::slice_bounds(std::uint32_t place) {
  const std::int64_t length_ms = input_.to_ms - input_.from_ms;
  const std::int64_t bin_ms = length_ms / kTimeBins + 1;
  std::vector<std::uint32_t> bins(kTimeBins, 0);
  Status status = visit_again(
      place, place + 1, input_.from_ms, input_.to_ms,
      [&](std::uint32_t, const Row& row) { ++bins[static_cast<std::size_t>(row.offset_ms() / bin_ms)]; });
  if (!status) return status.error();
  std::vector<std::int64_t> bounds{input_.from_ms};
  std::uint64_t rows = 0;
  for (std::int64_t bin = 0; bin < kTimeBins; ++bin) {
    const std::uint32_t more = bins[static_cast<std::size_t>(bin)];
    if (rows > 0 && rows + more > rows_max_) {
      bounds.push_back(input_.from_ms + bin * bin_ms);
      rows = 0;
    }
    rows += more;
  }
  bounds.push_back(input_.to_ms);
  return bounds;
}

Result<std::span<const Row>> Folder::load_slice(std::uint32_t place, std::int64_t begin_ms,
                                                std::int64_t end_ms, bool first_time) {
  rows_.clear();
  rows_.reserve(std::min(rows_max_, day_rows_->count(place)));
  Status status = visit_again(place, place + 1, begin_ms, end_ms,
                              [&](std::uint32_t, const Row& row) { rows_.push_back(row); });
  if (!status) return status.error();
  return settle(place, rows_, first_time);
}

Status Folder::fold_large_sensor(std::uint32_t place) {
  auto bounds = slice_bounds(place);
  if (!bounds) return bounds.error();
  const FoldSensor& sensor = sensor_at(place);
  OrderedFold fold(input_.to_ms - input_.from_ms, sensor.every_ms);
  TimedFold timed(input_.to_ms - input_.from_ms, sensor.kind);
  std::optional<Deviations> deviations;
  RankSearch search;
  digest_.begin_sensor(sensor.name);
  for (int pass = 0; pass < RankSearch::kPasses; ++pass) {
    std::uint64_t counted = 0;
    for (std::size_t i = 0; i + 1 < bounds->size(); ++i) {
      auto rows = load_slice(place, (*bounds)[i], (*bounds)[i + 1], pass == 0);
      if (!rows) return rows.error();
      counted += rows->size();
      for (const Row& row : *rows) {
        search.add(row.value());
        if (pass == 0) {
          fold.add(row.offset_ms(), row.value());
          timed.add(row.offset_ms(), row.value());
          digest_.add(input_.from_ms + row.offset_ms(), row.value());
        } else if (pass == 1) {
          deviations->add(row.value());
        }
      }
    }
    if (counted != fold.count() || counted == 0) return rows_changed();
    search.end_pass();
    if (pass == 0) deviations.emplace(fold);
  }
  add_sensor(place, fold, timed, deviations->stddev(), search.result());
  return {};
}

void Folder::add_sensor(std::uint32_t place, const OrderedFold& fold, TimedFold& timed, double stddev,
                        const PercentileValues& ranks) {
  timed.finish();
  SensorDay day;
  day.sensor = sensor_at(place).name;
  day.count = fold.count();
  day.min = fold.min();
  day.max = fold.max();
  day.min_at_ms = input_.from_ms + fold.min_at_ms();
  day.max_at_ms = input_.from_ms + fold.max_at_ms();
  day.mean = fold.mean();
  day.stddev = stddev;
  day.p5 = ranks[0];
  day.p50 = ranks[1];
  day.p95 = ranks[2];
  day.p99 = ranks[3];
  day.first = fold.first();
  day.last = fold.last();
  day.coverage = fold.coverage();
  day.longest_gap_ms = fold.longest_gap_ms();
  day.kind = sensor_at(place).kind;
  day.sum = fold.sum();
  day.time_weighted_mean = timed.time_weighted_mean(day.min, day.max);
  day.increase = timed.increase();
  day.resets = timed.resets();
  if (day.kind == SensorKind::kState) day.states = timed.states();
  day.hours = timed.hours();
  result_.sensors.push_back(std::move(day));
}

}  // namespace

Result<std::vector<RepeatedRow>> find_repeated_rows(DayTable& table, const DayFoldInput& input,
                                                    const DayFold& fold) {
  std::vector<RepeatedRow> rows;
  if (fold.repeats.empty()) return rows;
  std::map<std::tuple<SensorId, std::int64_t, double>, std::pair<bool, bool>>
      known;  // kept is late, was seen
  for (const Repeat& repeat : fold.repeats) {
    known[{repeat.sensor, repeat.time_ms, repeat.value}] = {repeat.kept_late, false};
  }
  Status status =
      table.visit_numbered_rows(input.from_ms, input.to_ms, [&](std::int64_t row, const Reading& reading) {
        if ((reading.flags & (kDuplicate | kTooLate)) || !(reading.flags & kPayloadTime)) return;
        auto found = known.find({reading.sensor, reading.time_ms, reading.value + 0.0});
        if (found == known.end() || rows.size() >= kRepeatsMax) return;
        auto& [kept_late, seen] = found->second;
        if (!seen && (reading.arrival_ms > input.late_after_ms) == kept_late) {
          seen = true;
        } else {
          rows.push_back({row, reading.arrival_ms});
        }
      });
  if (!status) return status.error();
  return rows;
}

Result<DayFold> fold_day(DayTable& table, const DayFoldInput& input) {
  return Folder(table, input).run();
}

}  // namespace sluice
