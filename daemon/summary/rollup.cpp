#include "summary/rollup.h"

#include <algorithm>

namespace sluice {

void Rollup::add(const SummaryView& day) {
  ++days_;
  if (!day.complete) ++incomplete_days_;
  for (const SummaryView::Sensor& sensor : day.sensors) {
    auto [at, is_new] = sums_.try_emplace(sensor.sensor);
    Sums& sums = at->second;
    PeriodSensor& line = sums.line;
    line.unit = sensor.unit;
    line.kind = sensor.kind;
    line.min = is_new ? sensor.min : std::min(line.min, sensor.min);
    line.max = is_new ? sensor.max : std::max(line.max, sensor.max);
    ++line.days;
    line.count += sensor.count;
    line.in_alert_s += sensor.in_alert_s;
    sums.sum.add(sensor.mean * kSumScale * static_cast<double>(sensor.count));
    if (sensor.coverage) {
      sums.coverage.add(*sensor.coverage);
      ++sums.days_with_coverage;
    }
    if (sensor.increase) {
      if (line.increase)
        sums.increase.add(sensor.first < sums.last ? sensor.first : sensor.first - sums.last);
      sums.increase.add(sensor.increase->value);
      line.increase = sums.increase.total();
    }
    sums.last = sensor.last;
  }
}

std::map<std::string, PeriodSensor> Rollup::sensors() const {
  std::map<std::string, PeriodSensor> lines;
  for (const auto& [sensor, sums] : sums_) {
    PeriodSensor line = sums.line;
    const double mean = sums.sum.total() / static_cast<double>(line.count) / kSumScale;
    line.mean = std::clamp(mean, line.min, line.max);
    if (sums.days_with_coverage > 0)
      line.coverage = sums.coverage.total() / static_cast<double>(sums.days_with_coverage);
    lines[sensor] = std::move(line);
  }
  return lines;
}

}  // namespace sluice
