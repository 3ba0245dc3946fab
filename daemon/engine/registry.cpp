#include "engine/registry.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "model/newest.h"

namespace sluice {

namespace {

std::uint32_t hash_of(std::string_view name) {
  const std::uint64_t hash = std::hash<std::string_view>{}(name);
  return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

}  // namespace

void SensorEntryState::take(const Reading& reading, std::int64_t subscribed_ms) {
  constexpr double kWeight = 1.0 / 8;
  ++readings;
  if (last.arrival_ms != 0 && reading.arrival_ms >= last.arrival_ms && readings > 1) {
    const auto gap_ms = static_cast<double>(reading.arrival_ms - last.arrival_ms);
    interval_ms = readings == 2 ? gap_ms : interval_ms + kWeight * (gap_ms - interval_ms);
  }
  last.arrival_ms = reading.arrival_ms;
  last.subscribed_ms = subscribed_ms;
  if (!is_newest(reading, last.time_ms)) return;
  last.time_ms = reading.time_ms;
  last.value = reading.value;
  last.flags = reading.flags;
  last.lag_ms = reading.arrival_ms - reading.time_ms;
}

bool SensorEntryState::seen(std::int64_t time_ms, double value) const {
  const std::size_t n = std::min<std::size_t>(recent_count, kRecent);
  for (std::size_t i = 0; i < n; ++i) {
    if (recent[i].first == time_ms && recent[i].second == value) return true;
  }
  return false;
}

void SensorEntryState::remember(std::int64_t time_ms, double value) {
  recent[recent_count % kRecent] = {time_ms, value};
  // Kept below a wrap-around, congruent, and never below kRecent again.
  if (++recent_count == 2 * kRecent) recent_count = kRecent;
}

SensorEntryState* Registry::find(std::string_view name) {
  if (by_name_.empty()) return nullptr;
  const std::uint32_t hash = hash_of(name);
  for (std::size_t at = hash;; ++at) {
    const Slot& slot = by_name_[at & (by_name_.size() - 1)];
    if (slot.place == 0) return nullptr;
    if (slot.hash != hash) continue;
    SensorEntryState& sensor = sensors_[slot.place - 1];
    if (sensor.name == name) return &sensor;
  }
}

void Registry::enter(std::uint32_t hash, std::uint32_t place) {
  std::size_t at = hash & (by_name_.size() - 1);
  while (by_name_[at].place != 0) at = (at + 1) & (by_name_.size() - 1);
  by_name_[at] = {hash, place};
}

SensorEntryState& Registry::add(std::string_view name, const std::string& unit, SensorId id) {
  SensorEntryState& sensor = sensors_.emplace_back();
  sensor.id = id;
  sensor.name = name;
  const auto derived = std::find_if(settings_.derived.begin(), settings_.derived.end(),
                                    [&](const DerivedSensor& entry) { return entry.name == name; });
  sensor.derived = derived != settings_.derived.end();
  sensor.profile = profile_of(settings_.sensors, sensor.name, sensor.derived ? derived->unit : unit);
  sensor.last.id = id;
  if (by_name_.size() < 2 * sensors_.size()) {
    by_name_.assign(std::max<std::size_t>(64, 2 * by_name_.size()), {});
    for (std::size_t i = 0; i + 1 < sensors_.size(); ++i) {
      enter(hash_of(sensors_[i].name), static_cast<std::uint32_t>(i + 1));
    }
  }
  enter(hash_of(sensor.name), static_cast<std::uint32_t>(sensors_.size()));
  SLUICE_CHECK(by_id_.emplace(id, &sensor).second, "a sensor has an id of its own");
  last_id_ = std::max(last_id_, id);
  return sensor;
}

}  // namespace sluice
