#include "app/sensor_clock_watch.h"

#include <algorithm>

#include "base/time_text.h"

namespace sluice {

namespace {

constexpr std::int64_t kSteadyMs = 10 * 60 * 1000;
constexpr std::uint32_t kSteadyReadings = 5;
constexpr std::int64_t kForgottenMs = 60 * 60 * 1000;  // without another wrong reading
constexpr std::size_t kRunsMax = 1000;
// Such readings say nothing of a sensor's clock now.
constexpr std::uint32_t kNotLive = kDuplicate | kRetained | kQueued | kClockUnset | kImported;

}  // namespace

bool SensorClockWatch::Run::steady() const {
  return readings >= kSteadyReadings && last_ms - first_ms >= kSteadyMs;
}

template <typename Key>
void SensorClockWatch::extend(std::map<Key, Run>& runs, const Key& key, std::int64_t at_ms,
                              std::int64_t lag_ms) {
  auto found = runs.find(key);
  if (found == runs.end()) {
    if (runs.size() >= kRunsMax) return;
    found = runs.emplace(key, Run{at_ms, at_ms, 0, 0}).first;
  }
  Run& run = found->second;
  run.last_ms = at_ms;
  run.lag_ms = lag_ms;
  ++run.readings;
}

void SensorClockWatch::stored(const Batch& batch) {
  std::int64_t now_ms = 0;
  for (const Reading& reading : batch.readings) {
    if (reading.flags & kNotLive) continue;
    now_ms = reading.arrival_ms;
    const std::int64_t lag_ms = reading.arrival_ms - reading.time_ms;
    if (lag_ms > max_age_ms_) {
      extend(late_, reading.sensor, now_ms, lag_ms);
    } else if (!late_.empty()) {
      late_.erase(reading.sensor);
    }
  }
  for (const QuarantineSample& sample : batch.quarantine) {
    now_ms = std::max(now_ms, sample.at_ms);
    if (sample.reason == Counter::kReadingsFuture) extend(ahead_, sample.topic, sample.at_ms, 0);
  }
  if (now_ms == 0) return;
  if (begun_ms_ == 0) begun_ms_ = now_ms;
  const auto forgotten = [&](const auto& entry) { return now_ms - entry.second.last_ms > kForgottenMs; };
  std::erase_if(late_, forgotten);
  std::erase_if(ahead_, forgotten);
  tell(now_ms);
}

void SensorClockWatch::tell(std::int64_t now_ms) {
  std::string first;
  std::size_t count = 0;
  for (const auto& [id, run] : late_) {
    if (!run.steady()) continue;
    if (count++ == 0) first = name_of_(id) + " is " + format_duration(run.lag_ms) + " behind";
  }
  for (const auto& [topic, run] : ahead_) {
    if (!run.steady()) continue;
    if (count++ == 0) first = topic + " is ahead by more than clock.max_future";
  }
  if (count > 1) first += ", and " + std::to_string(count - 1) + " more";
  // What stood when the process began cannot be known to be over before that long.
  if (count > 0 || now_ms - begun_ms_ > kSteadyMs) board_.set("sensor-clock", count > 0, first);
}

}  // namespace sluice
