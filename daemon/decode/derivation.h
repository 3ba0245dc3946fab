// Derivation: makes the readings of derived sensors from the readings of their inputs, a reading at a time. A
// fold without I/O and clock; one thread.
//
// A reading that is the newest of an input (no retained one, no duplicate) computes every sensor that hangs
// on it, once, from the newest value of each input. The result has the time of the newest input, the arrival
// of the reading that caused it, and what is doubtful about any input. There is none while an input was never
// heard or is older than `within` before the newest, and where the value is not finite, which is counted.
#pragma once

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
  explicit Derivation(const std::vector<DerivedSensor>& derived);  // which were checked

  // Every sensor, derived ones too, before its first reading. `last`: as stored; null: never heard.
  void add_sensor(SensorId id, const std::string& name, const SensorLast* last = nullptr);
  // Appends what follows from the reading, in order.
  void on_reading(const Reading& reading, std::vector<Reading>& made);
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
  bool take(Part& part, const Reading& reading) const;
  bool compute(const Formula& formula, Reading& result);

  std::vector<Formula> formulas_;  // each behind those that it hangs on
  std::vector<Part> parts_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::unordered_map<SensorId, std::size_t> by_id_;
  std::vector<std::size_t> moved_;  // parts, by the reading at hand
  std::vector<double> values_;      // scratch
  std::uint64_t not_finite_ = 0;
};

// How long ago the readings of `sensor` arrived that derived sensors need, if `wanted_ms` says that of a
// sensor's own rules; at least that. 0: none.
std::int64_t derived_recall_ms(const std::vector<DerivedSensor>& derived, const std::string& sensor,
                               const std::function<std::int64_t(const std::string&)>& wanted_ms);

}  // namespace sluice
