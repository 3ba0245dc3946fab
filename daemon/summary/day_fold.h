// fold_day: the statistics of one day, a pure fold of its rows in canonical order (sensor name bytewise,
// time, value). The result does not depend on the order in which the rows arrived, nor on the memory it may
// use.
//
// Memory: 28 bytes a row while the rows are gathered from the table. What does not fit goes through a scratch
// file (day_rows.h) and is folded by groups of sensors that fit, or, where there can be none, the table is
// read again for each group. A sensor that does not fit alone is read in slices of time, and its percentiles
// are found by counting (1.3 MiB more); only a burst of one sensor within 1/65536 of a day can exceed the
// limit. -0 is taken for 0, as SQLite does.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/reading.h"
#include "model/sensor_kind.h"
#include "summary/day_table.h"
#include "summary/statistic.h"

namespace sluice {

struct FoldSensor {
  SensorId id = 0;
  std::string name;
  std::int64_t every_ms = 0;  // 0: not configured
  SensorKind kind = SensorKind::kGauge;
};

struct DayFoldInput {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  std::int64_t late_after_ms = 0;  // a counted row that arrived later is `late`
  std::vector<FoldSensor> sensors;
  std::size_t memory_bytes_max = 11u << 20;
  std::string scratch_folder;  // empty: none
};

struct SensorDay {
  std::string sensor;
  std::uint64_t count = 0;  // at least 1
  double min = 0;
  double max = 0;
  std::int64_t min_at_ms = 0;  // the earliest of equal ones
  std::int64_t max_at_ms = 0;
  double mean = 0;
  double stddev = 0;  // of the population
  double p5 = 0;      // nearest rank
  double p50 = 0;
  double p95 = 0;
  double p99 = 0;
  double first = 0;  // values, in canonical order
  double last = 0;
  // Of the slots [from + k * every, from + (k + 1) * every) of the whole day, the part that has a reading.
  std::optional<double> coverage;
  std::int64_t longest_gap_ms = 0;  // longest stretch of the day without a reading, from its begin to its end
  SensorKind kind = SensorKind::kGauge;
  double sum = 0;
  double time_weighted_mean = 0;
  double increase = 0;  // of counters
  std::uint64_t resets = 0;
  StateTimes states;  // of state sensors
  std::vector<HourRow> hours;
};

// A reading that was stored more than once without a flag that says so.
struct Repeat {
  SensorId sensor = 0;
  std::int64_t time_ms = 0;
  double value = 0;
  bool kept_late = false;  // of the one that counts
  auto operator<=>(const Repeat&) const = default;
};
inline constexpr std::size_t kRepeatsMax = 10000;

struct DayFold {
  std::vector<SensorDay> sensors;  // those with a counted row, by name
  std::uint64_t stored = 0;        // counted rows
  std::uint64_t duplicate =
      0;                   // flagged kDuplicate, or equal in sensor, payload time and value to a counted row
  std::uint64_t late = 0;  // counted, arrived after late_after_ms
  std::uint64_t too_late = 0;   // flagged kTooLate, not counted; duplicates among them neither
  std::string digest;           // canonical_digest.h
  std::vector<Repeat> repeats;  // at most kRepeatsMax
  SensorTallies arrived;        // of all rows but those that were known as duplicates on arrival
};

// The table's snapshot is begun and ended by the caller.
Result<DayFold> fold_day(DayTable& table, const DayFoldInput& input);

// The rows of `fold.repeats` but for the one of each that counts: the first in arrival order, one that was
// not late if there is one. In the same snapshot.
Result<std::vector<RepeatedRow>> find_repeated_rows(DayTable& table, const DayFoldInput& input,
                                                    const DayFold& fold);

}  // namespace sluice
