// SummaryView: a summary document (schema sluice.summary/1) as plain values, for who writes it, shows it or
// checks it. summary_to_json (document.h) and summary_from_json are each other's inverse.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "model/sensor_kind.h"
#include "model/tally.h"
#include "summary/statistic.h"

namespace sluice {

inline constexpr std::string_view kSummarySchema = "sluice.summary/1";

struct SummaryView {
  std::string gateway;
  Day day = 0;           // "date"
  std::string timezone;  // in which the day was cut
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  int revision = 0;
  bool complete = false;  // nothing of the day was dropped, and it was over and quiet when it was closed

  struct Counts {
    std::uint64_t stored = 0;     // rows of the day that count
    std::uint64_t duplicate = 0;  // rows of the day that repeat one that counts
    std::uint64_t late = 0;       // of those stored: arrived later than close_after behind the day's end
    std::uint64_t rejected = 0;   // readings that arrived on this day and were rejected
    std::uint64_t dropped = 0;    // readings that arrived on this day and could not be stored
  } counts;
  // From revision 2 on: what is more (or less) than in the revision before.
  struct Changes {
    std::int64_t stored = 0;
    std::int64_t duplicate = 0;
    std::int64_t late = 0;
    std::int64_t rejected = 0;
    std::int64_t dropped = 0;
    std::uint64_t sensors = 0;  // whose figures differ
  };
  std::optional<Changes> changes;
  std::string digest;  // of the rows that count (canonical_digest.h)

  struct Sensor {
    std::string sensor;
    std::string unit;
    std::map<std::string, std::string> labels;
    std::uint64_t count = 0;
    double min = 0;
    std::int64_t min_at_ms = 0;
    double max = 0;
    std::int64_t max_at_ms = 0;
    double mean = 0;
    double stddev = 0;
    double p5 = 0;
    double p50 = 0;
    double p95 = 0;
    double p99 = 0;
    double first = 0;
    double last = 0;
    std::optional<double> coverage;
    double longest_gap_s = 0;
    double in_alert_s = 0;
    SensorKind kind = SensorKind::kGauge;
    // As chosen by summary.statistics; documents of before have none.
    std::optional<double> sum;
    std::optional<double> time_weighted_mean;
    struct Increase {
      double value = 0;
      std::uint64_t resets = 0;
    };
    std::optional<Increase> increase;  // of counters
    std::optional<StateTimes> states;  // of state sensors
    std::optional<std::map<std::string, double>> in_alert_by_rule_s;
    std::optional<std::vector<HourRow>> hours;
  };
  std::vector<Sensor> sensors;  // with a row that counts, by name

  struct Alert {
    std::string id;
    std::string alert;
    std::string sensor;
    std::string severity;
    std::int64_t since_ms = 0;
    std::optional<std::int64_t> until_ms;  // absent: open at the end of the day
    double value = 0;
    double threshold = 0;
  };
  std::vector<Alert> alerts;  // by since, id

  // Where the speed layer counted other readings on arrival than the table has; at most kDifferencesMax.
  struct Difference {
    std::string sensor;
    Tally on_arrival;
    Tally in_table;
  };
  static constexpr std::size_t kDifferencesMax = 100;
  std::vector<Difference> layers_differ;
};

// Members that it does not know are passed over; one that is missing is an error that names it.
Result<SummaryView> summary_from_json(std::string_view body);

}  // namespace sluice
