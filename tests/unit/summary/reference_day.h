// Reference: what fold_day should say of a day, worked out the long way: everything sorted, sets and maps.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "summary/day_fold.h"

namespace sluice {

// Neumaier's sum, as short as it can be written: what the fold adds up is compared bit for bit.
inline double sum_of(const std::vector<double>& values) {
  double sum = 0, error = 0;
  for (double x : values) {
    const double t = sum + x;
    error += std::abs(sum) >= std::abs(x) ? (sum - t) + x : (x - t) + sum;
    sum = t;
  }
  return sum + error;
}

// All is added up at 2^-32 of its size, which rounds nothing.
inline constexpr double kDown = 1.0 / 4294967296.0;

class Reference {
 public:
  Reference(const std::vector<Reading>& rows, const DayFoldInput& input) {
    std::map<SensorId, const FoldSensor*> known;
    for (const FoldSensor& sensor : input.sensors) known[sensor.id] = &sensor;
    using Place = std::pair<std::int64_t, double>;
    std::map<std::string, std::map<Place, std::vector<Reading>>> sensors;
    for (const Reading& row : rows) {
      if (row.flags & kTooLate) {
        ++fold.too_late;
      } else if (row.flags & kDuplicate) {
        ++fold.duplicate;
      } else {
        sensors[known[row.sensor]->name][{row.time_ms, row.value + 0.0}].push_back(row);
      }
    }
    std::string lines;
    for (const auto& [name, places] : sensors) {
      std::vector<Place> counted;
      for (const auto& [place, equal] : places) {
        std::size_t copies = count_equal(equal, input.late_after_ms);
        counted.insert(counted.end(), copies, place);
        for (; copies > 0; --copies) lines += line(name, place.first, place.second);
      }
      fold.sensors.push_back(sensor_day(name, counted, every_of(input, name), input));
      fold.sensors.back().kind = kind_of(input, name);
      add_timed(fold.sensors.back(), counted, input);
      add_hours(fold.sensors.back(), counted, input);
      fold.stored += counted.size();
    }
    fold.digest = sha256_hex(lines);
  }
  DayFold fold;

 private:
  using Rows = std::vector<std::pair<std::int64_t, double>>;

  static void add_timed(SensorDay& day, const Rows& rows, const DayFoldInput& input) {
    std::vector<double> all, weighted, growth;
    std::map<double, std::int64_t> times;
    std::vector<double> order;  // of the states' first readings
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto [time, value] = rows[i];
      const std::int64_t until = i + 1 < rows.size() ? rows[i + 1].first : input.to_ms;
      all.push_back(value * kDown);
      weighted.push_back(value * kDown * static_cast<double>(until - time));
      if (!times.contains(value)) order.push_back(value);
      times[value] += until - time;
      if (i == 0 || value == rows[i - 1].second) continue;
      const double before = rows[i - 1].second;
      ++day.states.transitions;
      day.resets += value < before;
      growth.push_back((value < before ? value : value - before) * kDown);
    }
    day.sum = sum_of(all) / kDown;
    const double weight = static_cast<double>(input.to_ms - rows.front().first);
    day.time_weighted_mean = std::clamp(sum_of(weighted) / weight / kDown, day.min, day.max);
    day.increase = sum_of(growth) / kDown;
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i < StateTimes::kStatesMax) {
        day.states.states.push_back({order[i], times[order[i]]});
      } else {
        day.states.others_ms += times[order[i]];
      }
    }
    std::sort(day.states.states.begin(), day.states.states.end(),
              [](const auto& a, const auto& b) { return a.value < b.value; });
    if (day.kind != SensorKind::kCounter) day.increase = static_cast<double>(day.resets = 0);
    if (day.kind != SensorKind::kState) day.states = {};
  }

  static void add_hours(SensorDay& day, const Rows& rows, const DayFoldInput& input) {
    for (std::int64_t from = input.from_ms; from < input.to_ms; from += 3600000) {
      std::vector<double> values, scaled;
      for (const auto& [time, value] : rows) {
        if (time < from || time >= from + 3600000) continue;
        values.push_back(value);
        scaled.push_back(value * kDown);
      }
      HourRow hour;
      hour.count = values.size();
      if (hour.count > 0) {
        hour.min = *std::min_element(values.begin(), values.end());
        hour.max = *std::max_element(values.begin(), values.end());
        hour.mean = sum_of(scaled) / static_cast<double>(values.size()) / kDown;
        hour.mean = std::clamp(hour.mean, hour.min, hour.max);
      }
      day.hours.push_back(hour);
    }
  }
  static SensorKind kind_of(const DayFoldInput& input, const std::string& name) {
    for (const FoldSensor& sensor : input.sensors) {
      if (sensor.name == name) return sensor.kind;
    }
    return SensorKind::kGauge;
  }
  static std::int64_t every_of(const DayFoldInput& input, const std::string& name) {
    for (const FoldSensor& sensor : input.sensors) {
      if (sensor.name == name) return sensor.every_ms;
    }
    return 0;
  }
  static std::string line(const std::string& name, std::int64_t time_ms, double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return name + '\0' + std::to_string(time_ms) + '\0' + text + '\n';
  }
  // Of rows with equal sensor, time and value: those without a payload time all count, of the others one.
  std::size_t count_equal(const std::vector<Reading>& equal, std::int64_t late_after_ms) {
    std::size_t untimed = 0, timed = 0, timed_late = 0;
    for (const Reading& row : equal) {
      const bool late = row.arrival_ms > late_after_ms;
      if (row.flags & kPayloadTime) {
        ++timed;
        timed_late += late;
      } else {
        ++untimed;
        fold.late += late;
      }
    }
    if (timed > 0) fold.duplicate += timed - 1;
    if (timed > 0 && timed == timed_late) ++fold.late;
    return untimed + (timed > 0);
  }
  static SensorDay sensor_day(const std::string& name,
                              const std::vector<std::pair<std::int64_t, double>>& rows, std::int64_t every_ms,
                              const DayFoldInput& input) {
    SensorDay day;
    day.sensor = name;
    day.count = rows.size();
    std::vector<double> values;
    std::vector<std::int64_t> times{input.from_ms};
    std::set<std::int64_t> slots;
    long double sum = 0, squares = 0;
    for (auto [time, value] : rows) {
      values.push_back(value);
      times.push_back(time);
      if (every_ms > 0) slots.insert((time - input.from_ms) / every_ms);
      sum += value;
    }
    times.push_back(input.to_ms);
    const long double mean = sum / static_cast<long double>(rows.size());
    for (double value : values) squares += (value - mean) * (value - mean);
    day.mean = static_cast<double>(mean);
    day.stddev = static_cast<double>(std::sqrt(squares / static_cast<long double>(rows.size())));
    day.first = values.front();
    day.last = values.back();
    std::sort(values.begin(), values.end());
    day.min = values.front();
    day.max = values.back();
    auto holds = [](double wanted) { return [wanted](const auto& row) { return row.second == wanted; }; };
    day.min_at_ms = std::find_if(rows.begin(), rows.end(), holds(day.min))->first;
    day.max_at_ms = std::find_if(rows.begin(), rows.end(), holds(day.max))->first;
    auto rank = [&](double p) {
      std::size_t k = 1;
      while (static_cast<double>(k) * 100 < p * static_cast<double>(values.size())) ++k;
      return values[k - 1];
    };
    day.p5 = rank(5);
    day.p50 = rank(50);
    day.p95 = rank(95);
    day.p99 = rank(99);
    for (std::size_t i = 1; i < times.size(); ++i) {
      day.longest_gap_ms = std::max(day.longest_gap_ms, times[i] - times[i - 1]);
    }
    if (every_ms > 0) {
      std::int64_t all = 0;
      for (std::int64_t at = input.from_ms; at < input.to_ms; at += every_ms) ++all;
      day.coverage = static_cast<double>(slots.size()) / static_cast<double>(all);
    }
    return day;
  }
};

}  // namespace sluice
