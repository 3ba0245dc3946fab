#include "summary/timed_fold.h"

#include <algorithm>

namespace sluice {

TimedFold::TimedFold(std::int64_t length_ms, SensorKind kind)
    : length_ms_(length_ms),
      kind_(kind),
      hours_(static_cast<std::size_t>((length_ms + kHourMs - 1) / kHourMs)) {}

void TimedFold::follow(double value) {
  if (value == value_) return;
  ++transitions_;
  if (kind_ != SensorKind::kCounter) return;
  if (value < value_) ++resets_;
  increase_.add((value < value_ ? value : value - value_) * kSumScale);
}

void TimedFold::stand_in_state(std::int64_t duration_ms) {
  const auto end = states_.begin() + static_cast<std::ptrdiff_t>(states_used_);
  auto state = std::find_if(states_.begin(), end, [&](const StateTime& s) { return s.value == value_; });
  if (state == states_.end()) {
    other_states_ms_ += duration_ms;
    return;
  }
  if (state == end) {
    ++states_used_;
    state->value = value_;
  }
  state->time_ms += duration_ms;
}

void TimedFold::enter_hour(std::int64_t offset_ms) {
  leave_hour();
  if (hour_ == nullptr) first_ms_ = offset_ms;
  const std::int64_t hour = offset_ms / kHourMs;
  hour_ = &hours_[static_cast<std::size_t>(hour)];
  hour_end_ms_ = (hour + 1) * kHourMs;
}

void TimedFold::leave_hour() {
  if (hour_ == nullptr) return;
  const double mean = hour_sum_.total() / static_cast<double>(hour_->count) / kSumScale;
  hour_->mean = std::clamp(mean, hour_->min, hour_->max);
  hour_sum_ = CompensatedSum();
}

void TimedFold::finish() {
  leave_hour();
  if (count_ > 0) stand(length_ms_ - since_ms_);
}

double TimedFold::time_weighted_mean(double min, double max) const {
  if (count_ == 0) return 0;
  const double mean = weighted_.total() / static_cast<double>(length_ms_ - first_ms_) / kSumScale;
  return std::clamp(mean, min, max);
}

StateTimes TimedFold::states() const {
  StateTimes times;
  times.transitions = transitions_;
  times.states.assign(states_.begin(), states_.begin() + static_cast<std::ptrdiff_t>(states_used_));
  times.others_ms = other_states_ms_;
  std::sort(times.states.begin(), times.states.end(),
            [](const StateTime& a, const StateTime& b) { return a.value < b.value; });
  return times;
}

}  // namespace sluice
