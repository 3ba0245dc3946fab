// TimedFold: the statistics of one sensor's day that depend on how long a value stood, or on the one before
// it, as a fold over its rows in canonical order (time, value). A value stands from its reading until the
// next one, the last one until the day ends; the time before the first reading belongs to no value. One
// thread; a fixed amount of memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "model/sensor_kind.h"
#include "summary/ordered_fold.h"
#include "summary/statistic.h"

namespace sluice {

class TimedFold {
 public:
  TimedFold(std::int64_t length_ms, SensorKind kind);

  void add(std::int64_t offset_ms, double value) {
    if (offset_ms >= hour_end_ms_) enter_hour(offset_ms);
    if (count_++ > 0) {
      stand(offset_ms - since_ms_);
      if (kind_ != SensorKind::kGauge) follow(value);
    }
    HourRow& hour = *hour_;
    if (hour.count++ == 0) {
      hour.min = hour.max = value;
    } else if (value < hour.min) {
      hour.min = value;
    } else if (value > hour.max) {
      hour.max = value;
    }
    hour_sum_.add(value * kSumScale);
    value_ = value;
    since_ms_ = offset_ms;
  }
  void finish();  // once, after the last row and before the results

  double time_weighted_mean(double min, double max) const;  // of the day; kept within [min, max]
  // Growth between consecutive readings; a lower value than before is growth from 0 after a reset.
  double increase() const { return increase_.total() / kSumScale; }
  std::uint64_t resets() const { return resets_; }
  StateTimes states() const;
  const std::vector<HourRow>& hours() const { return hours_; }  // as many as the day has

 private:
  static constexpr std::int64_t kHourMs = 3600000;

  void stand(std::int64_t duration_ms) {
    weighted_.add(value_ * kSumScale * static_cast<double>(duration_ms));
    if (kind_ == SensorKind::kState) stand_in_state(duration_ms);
  }
  void follow(double value);
  void stand_in_state(std::int64_t duration_ms);
  void enter_hour(std::int64_t offset_ms);
  void leave_hour();

  std::int64_t length_ms_;
  SensorKind kind_;
  std::uint64_t count_ = 0;
  double value_ = 0;
  std::int64_t since_ms_ = 0;
  std::int64_t first_ms_ = 0;
  CompensatedSum weighted_;
  CompensatedSum increase_;
  std::uint64_t resets_ = 0;
  std::uint64_t transitions_ = 0;
  std::array<StateTime, StateTimes::kStatesMax> states_{};
  std::size_t states_used_ = 0;
  std::int64_t other_states_ms_ = 0;
  std::vector<HourRow> hours_;
  HourRow* hour_ = nullptr;
  std::int64_t hour_end_ms_ = 0;
  CompensatedSum hour_sum_;
};

}  // namespace sluice
