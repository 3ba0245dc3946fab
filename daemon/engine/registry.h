// Registry: every sensor heard so far, by name, with its profile and its newest reading. Ids are given in
// order of first appearance and stay for the life of the database. Bounded by DecodeSettings::max_sensors.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "decode/decode_settings.h"
#include "decode/sensor_profile.h"
#include "model/batch.h"
#include "model/reading.h"

namespace sluice {

struct SensorEntryState {
  SensorId id = 0;
  std::string name;
  SensorProfile profile;
  bool derived = false;
  bool unit_settled = false;  // a reading since start has said which readings entry it comes from
  SensorLast last;
  // Times and values of the newest readings that carried a time, to know an equal one again.
  static constexpr std::size_t kRecent = 16;
  std::array<std::pair<std::int64_t, double>, kRecent> recent{};
  std::uint32_t recent_count = 0;
  // Since start, for people.
  std::uint64_t readings = 0;
  std::uint64_t rejected = 0;
  Counter last_reject = Counter::kCount_;
  double interval_ms = 0;  // between arrivals, newer ones weigh more; 0: not two yet

  void take(const Reading& reading, std::int64_t subscribed_ms);  // one that is no copy
  void count_reject(Counter reason) {
    ++rejected;
    last_reject = reason;
  }
  bool seen(std::int64_t time_ms, double value) const;
  void remember(std::int64_t time_ms, double value);
};

class Registry {
 public:
  explicit Registry(const DecodeSettings& settings) : settings_(settings) {}

  SensorEntryState* find(std::string_view name);
  bool full() const { return sensors_.size() >= settings_.max_sensors; }
  SensorEntryState& add(std::string_view name, const std::string& unit, SensorId id);
  SensorEntryState& by_id(SensorId id) { return *by_id_.at(id); }
  std::deque<SensorEntryState>& all() { return sensors_; }
  const std::deque<SensorEntryState>& all() const { return sensors_; }
  SensorId next_id() const { return last_id_ + 1; }

 private:
  // Open addressing, at most half full: with thousands of sensors each line of memory that a look-up touches
  // is one to wait for, and here it is one beside the sensor's own.
  struct Slot {
    std::uint32_t hash = 0;
    std::uint32_t place = 0;  // in sensors_, from 1; 0: free
  };
  void enter(std::uint32_t hash, std::uint32_t place);

  const DecodeSettings& settings_;
  std::deque<SensorEntryState> sensors_;  // addresses stay
  std::vector<Slot> by_name_;             // a power of two
  std::unordered_map<SensorId, SensorEntryState*> by_id_;
  SensorId last_id_ = 0;
};

}  // namespace sluice
