#include "decode/derivation.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/check.h"
#include "model/newest.h"

namespace sluice {

namespace {

constexpr std::uint32_t kInherited = kQueued | kClockUnset | kTimeEstimated | kLateInput;
// How much later than its time says a reading may be told of, and still counts: clocks of sensors run ahead.
constexpr std::int64_t kAheadMs = 3600000;

bool contains(const std::vector<std::size_t>& list, std::size_t wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

}  // namespace

Derivation::Derivation(const std::vector<DerivedSensor>& derived, std::chrono::milliseconds max_age)
    : max_age_ms_(max_age.count()) {
  for (std::size_t i : order_of(derived).order) {
    const DerivedSensor& sensor = derived[i];
    std::vector<std::string> names;
    for (const DerivedInput& input : sensor.inputs) names.push_back(input.name);
    auto value = Expression::parse(sensor.value, names);
    SLUICE_CHECK(value.ok(), "the configuration was checked");
    Formula& formula = formulas_.emplace_back();
    formula.value = std::move(*value);
    for (const DerivedInput& input : sensor.inputs) {
      formula.inputs.push_back(part_of(input.sensor));
      formula.within_ms.push_back(input.within.count());
    }
    formula.result = part_of(sensor.name);
  }
  for (std::size_t p = 0; p < parts_.size(); ++p) {
    std::vector<std::size_t> reached{p};
    for (std::size_t f = 0; f < formulas_.size(); ++f) {
      const Formula& formula = formulas_[f];
      const bool hangs = std::any_of(formula.inputs.begin(), formula.inputs.end(),
                                     [&](std::size_t input) { return contains(reached, input); });
      if (!hangs) continue;
      reached.push_back(formula.result);
      parts_[p].formulas.push_back(f);
    }
  }
}

std::size_t Derivation::part_of(const std::string& name) {
  const auto [found, is_new] = by_name_.emplace(name, parts_.size());
  if (is_new) parts_.emplace_back();
  return found->second;
}

void Derivation::add_sensor(SensorId id, const std::string& name, const SensorLast* last) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return;
  by_id_[id] = found->second;
  Part& part = parts_[found->second];
  part.id = id;
  if (last == nullptr || last->time_ms == 0) return;
  part.time_ms = last->time_ms;
  part.value = last->value;
  part.flags = last->flags;
  if (last->lag_ms > max_age_ms_) part.flags |= kLateInput;
}

void Derivation::take(Part& part, const Reading& reading) const {
  part.time_ms = reading.time_ms;
  part.value = reading.value;
  part.flags = reading.flags;
  if (reading.arrival_ms - reading.time_ms > max_age_ms_) part.flags |= kLateInput;
}

bool Derivation::compute(const Formula& formula, Reading& result) {
  std::int64_t newest_ms = kNever;
  for (std::size_t input : formula.inputs) {
    if (parts_[input].time_ms == kNever) return false;
    newest_ms = std::max(newest_ms, parts_[input].time_ms);
  }
  values_.clear();
  result.flags = 0;
  for (std::size_t i = 0; i < formula.inputs.size(); ++i) {
    const Part& input = parts_[formula.inputs[i]];
    if (newest_ms - input.time_ms > formula.within_ms[i]) return false;
    values_.push_back(input.value);
    result.flags |= input.flags & kInherited;
  }
  result.value = formula.value.evaluate(values_);
  if (!std::isfinite(result.value)) {
    ++not_finite_;
    return false;
  }
  result.time_ms = newest_ms;
  result.sensor = parts_[formula.result].id;
  return true;
}

void Derivation::on_reading(const Reading& reading, std::vector<Reading>& made) {
  if (reading.flags & (kRetained | kDuplicate)) return;
  const auto found = by_id_.find(reading.sensor);
  if (found == by_id_.end() || !is_newest(reading, parts_[found->second].time_ms)) return;
  if (contains(moved_, found->second)) on_message_end(made);
  take(parts_[found->second], reading);
  moved_.push_back(found->second);
  arrival_ms_ = reading.arrival_ms;
}

void Derivation::on_message_end(std::vector<Reading>& made) {
  due_.clear();
  for (std::size_t part : moved_) {
    due_.insert(due_.end(), parts_[part].formulas.begin(), parts_[part].formulas.end());
  }
  std::sort(due_.begin(), due_.end());
  due_.erase(std::unique(due_.begin(), due_.end()), due_.end());
  Reading result;
  result.arrival_ms = arrival_ms_;
  for (std::size_t f : due_) {
    const Formula& formula = formulas_[f];
    const bool concerned = std::any_of(formula.inputs.begin(), formula.inputs.end(),
                                       [&](std::size_t input) { return contains(moved_, input); });
    if (!concerned || !compute(formula, result)) continue;
    Part& part = parts_[formula.result];
    if (is_newest(result, part.time_ms)) take(part, result);
    moved_.push_back(formula.result);
    made.push_back(result);
  }
  moved_.clear();
}

std::int64_t derived_recall_ms(const std::vector<DerivedSensor>& derived, const std::string& sensor,
                               const std::function<std::int64_t(const std::string&)>& wanted_ms) {
  if (!plays_a_part(derived, sensor)) return wanted_ms(sensor);
  std::map<std::string, std::int64_t> needed;  // of what hangs on `sensor`
  const std::vector<std::size_t> order = order_of(derived).order;
  for (auto at = order.rbegin(); at != order.rend(); ++at) {
    const DerivedSensor& result = derived[*at];
    std::int64_t& own_ms = needed[result.name];
    own_ms = std::max(own_ms, wanted_ms(result.name));
    if (own_ms == 0) continue;
    for (const DerivedInput& input : result.inputs) {
      std::int64_t& input_ms = needed[input.sensor];
      input_ms = std::max(input_ms, own_ms + input.within.count() + kAheadMs);
    }
  }
  return std::max(needed[sensor], wanted_ms(sensor));
}

}  // namespace sluice
