#include "decode/derived_sensor.h"

#include <algorithm>
#include <unordered_map>

#include "base/time_text.h"

namespace sluice {

namespace {

class Sorting {
 public:
  explicit Sorting(const std::vector<DerivedSensor>& derived) : derived_(derived), marks_(derived.size()) {
    for (std::size_t i = 0; i < derived.size(); ++i) by_name_[derived[i].name] = i;
    for (std::size_t i = 0; i < derived.size() && found_.loop.empty(); ++i) visit(i);
  }
  DerivedOrder found() { return std::move(found_); }

 private:
  enum class Mark : char { kNew, kOpen, kDone };

  void visit(std::size_t i) {
    if (marks_[i] == Mark::kDone) return;
    path_.push_back(i);
    if (marks_[i] == Mark::kOpen) {
      const auto first = std::find(path_.begin(), path_.end(), i);
      for (auto at = first; at != path_.end(); ++at) found_.loop.push_back(derived_[*at].name);
      return;
    }
    marks_[i] = Mark::kOpen;
    for (const DerivedInput& input : derived_[i].inputs) {
      auto other = by_name_.find(input.sensor);
      if (other != by_name_.end()) visit(other->second);
      if (!found_.loop.empty()) return;
    }
    marks_[i] = Mark::kDone;
    path_.pop_back();
    found_.order.push_back(i);
  }

  const std::vector<DerivedSensor>& derived_;
  std::unordered_map<std::string, std::size_t> by_name_;
  std::vector<Mark> marks_;
  std::vector<std::size_t> path_;
  DerivedOrder found_;
};

}  // namespace

DerivedOrder order_of(const std::vector<DerivedSensor>& derived) {
  return Sorting(derived).found();
}

std::string explain(const DerivedSensor& derived) {
  std::string inputs;
  std::string limits;
  for (std::size_t i = 0; i < derived.inputs.size(); ++i) {
    const DerivedInput& input = derived.inputs[i];
    const char* between = i == 0 ? "" : i + 1 < derived.inputs.size() ? ", " : " or ";
    inputs += between + input.name + " (" + input.sensor + ")";
    limits +=
        between + input.name + (i == 0 ? " is more than " : " ") + format_duration(input.within.count());
  }
  std::string text = derived.name + " is " + derived.value +
                     (derived.unit.empty() ? "" : " in " + derived.unit) +
                     ", computed at each new reading of " + inputs;
  if (derived.inputs.size() > 1) text += "; there is none while " + limits + " older than the newest of them";
  return text + "; for alerts only.";
}

bool plays_a_part(const std::vector<DerivedSensor>& derived, const std::string& sensor) {
  return std::any_of(derived.begin(), derived.end(), [&](const DerivedSensor& entry) {
    return entry.name == sensor ||
           std::any_of(entry.inputs.begin(), entry.inputs.end(),
                       [&](const DerivedInput& input) { return input.sensor == sensor; });
  });
}

}  // namespace sluice
