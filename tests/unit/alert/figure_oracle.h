// What a rule measures, written from daemon/alert/README.md alone and as plainly as can be.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "alert/rule.h"

namespace sluice {

inline bool meets(ConditionKind kind, double low, double high, double value) {
  if (kind == ConditionKind::kAbove) return value > high;
  if (kind == ConditionKind::kBelow) return value < low;
  if (kind == ConditionKind::kOutside) return value < low || value > high;
  if (kind == ConditionKind::kInside) return value >= low && value <= high;
  return (value == low) == (kind == ConditionKind::kEquals);
}

// Of the readings in a window, of which there are some, in order of time; NaN: there is no such figure.
inline double figure_of(const Rule& rule, const std::vector<Reading>& in) {
  std::vector<double> values;
  for (const Reading& reading : in) values.push_back(reading.value);
  std::vector<double> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t n = values.size();
  const double last = values.back();
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double mean = sum / static_cast<double>(n);
  const auto rank = [&](double part) {
    return sorted[static_cast<std::size_t>(std::ceil(part * static_cast<double>(n) / 100)) - 1];
  };
  const auto seconds_before_last = [&](std::size_t i) {
    return static_cast<double>(in.back().time_ms - in[i].time_ms) / 1000;
  };
  switch (rule.measure) {
    case Measure::kMean:
      return mean;
    case Measure::kMin:
      return sorted.front();
    case Measure::kMax:
      return sorted.back();
    case Measure::kMedian:
      return rank(50);
    case Measure::kP95:
      return rank(95);
    case Measure::kSum:
      return sum;
    case Measure::kSamples:
      return static_cast<double>(n);
    case Measure::kFirst:
      return values.front();
    case Measure::kLast:
    case Measure::kValue:
      return last;
    case Measure::kRange:
      return sorted.back() - sorted.front();
    case Measure::kChange:
      return std::max(std::fabs(last - sorted.front()), std::fabs(last - sorted.back()));
    case Measure::kCount:
      return static_cast<double>(std::count_if(values.begin(), values.end(), [&](double value) {
        return meets(rule.of.kind, rule.of.low, rule.of.high, value);
      }));
    case Measure::kStddev: {
      double squares = 0;
      for (double value : values) squares += (value - mean) * (value - mean);
      return std::sqrt(squares / static_cast<double>(n));
    }
    case Measure::kRate:
      if (in.front().time_ms == in.back().time_ms) return std::nan("");
      return (last - values.front()) / static_cast<double>(in.back().time_ms - in.front().time_ms) *
             static_cast<double>(rule.per.count());
    case Measure::kSteady: {
      std::size_t first = n - 1;
      while (first > 0) {
        const auto [low, high] =
            std::minmax_element(values.begin() + static_cast<long>(first) - 1, values.end());
        const bool gap = in[first].time_ms - in[first - 1].time_ms > rule.window.count();
        if (gap || *high - *low > rule.tolerance) break;
        --first;
      }
      return seconds_before_last(first);
    }
  }
  return 0;
}

}  // namespace sluice
