// Rollup: the documents of some days, oldest first, as one line a sensor. A counter's growth between the last
// reading of a day and the first of the next is part of the period, though of neither day. Pure; one thread;
// memory grows with the sensors, not with the days.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "summary/ordered_fold.h"
#include "summary/summary_view.h"

namespace sluice {

struct PeriodSensor {
  std::string unit;  // of the newest day
  SensorKind kind = SensorKind::kGauge;
  std::uint64_t days = 0;  // with a reading that counts
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  double mean = 0;                 // of all readings
  std::optional<double> increase;  // of counters
  std::optional<double> coverage;  // mean of the days that have one
  double in_alert_s = 0;
};

class Rollup {
 public:
  void add(const SummaryView& day);
  std::map<std::string, PeriodSensor> sensors() const;
  std::uint64_t days() const { return days_; }
  std::uint64_t incomplete_days() const { return incomplete_days_; }

 private:
  struct Sums {
    PeriodSensor line;
    CompensatedSum sum;
    CompensatedSum increase;
    CompensatedSum coverage;
    std::uint64_t days_with_coverage = 0;
    double last = 0;
  };
  std::map<std::string, Sums> sums_;
  std::uint64_t days_ = 0;
  std::uint64_t incomplete_days_ = 0;
};

}  // namespace sluice
