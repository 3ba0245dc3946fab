// Derivation: makes the readings of derived sensors from the readings of their inputs, a message at a time. A
// fold without I/O and clock; one thread.
//
// A message with readings that are the newest of an input (no retained ones, no duplicates) computes every
// sensor that hangs on one of them, once, from the newest value of each input; before a second reading of a
// sensor in a message, what follows from those before it. The result has the time of the newest input, the
// arrival of the message that caused it, and what is doubtful about any input. There is none while an input
// was never heard or is older than `within` before the newest, and where the value is not finite, which is
// counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "decode/derived_sensor.h"
#include "decode/expression.h"
#include "model/batch.h"
#include "model/reading.h"

namespace sluice {

class Derivation {
 public:
  // `derived` was checked. `max_age`: a reading that comes later than this makes its results kLateInput.
  Derivation(const std::vector<DerivedSensor>& derived, std::chrono::milliseconds max_age);

  // Every sensor, derived ones too, before its first reading. `last`: as stored; null: never heard.
  void add_sensor(SensorId id, const std::string& name, const SensorLast* last = nullptr);
  // The next reading of a message, and its end: append what can be computed by then, in order.
  void on_reading(const Reading& reading, std::vector<Reading>& made);
  void on_message_end(std::vector<Reading>& made);
  std::uint64_t not_finite() const { return not_finite_; }  // values that were none

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
  // A sensor that plays a part, and its newest reading.
  struct Part {
    SensorId id = 0;
    std::int64_t time_ms = kNever;
    double value = 0;
    std::uint32_t flags = 0;
    std::vector<std::size_t> formulas;  // those that hang on it, also by way of others
  };
  struct Formula {
    Expression value;
    std::vector<std::size_t> inputs;  // parts
    std::vector<std::int64_t> within_ms;
    std::size_t result = 0;  // part
  };

  std::size_t part_of(const std::string& name);
  void take(Part& part, const Reading& reading) const;
  bool compute(const Formula& formula, Reading& result);

  std::vector<Formula> formulas_;  // each behind those that it hangs on
  std::vector<Part> parts_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<SensorId, std::size_t> by_id_;
  std::int64_t max_age_ms_;
  std::vector<std::size_t> moved_;  // parts, by the message at hand
  std::int64_t arrival_ms_ = 0;     // of the same
  std::vector<std::size_t> due_;    // scratch: formulas
  std::vector<double> values_;      // scratch
  std::uint64_t not_finite_ = 0;
};

// How long ago the readings of `sensor` arrived that derived sensors need, if `wanted_ms` says that of a
// sensor's own rules; at least that. 0: none.
std::int64_t derived_recall_ms(const std::vector<DerivedSensor>& derived, const std::string& sensor,
                               const std::function<std::int64_t(const std::string&)>& wanted_ms);

}  // namespace sluice
