// Rules of each kind that looks back, waits or tells again, for tests that compare a fold with itself, and
// what they say where two of its results differ.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "alert/rule.h"
#include "model/reading.h"

namespace sluice::test {

inline std::vector<Rule> steady_rules(WeekHours muted) {
  using std::chrono::seconds;
  std::vector<Rule> rules(9);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    rules[i].name = "rule-" + std::to_string(i);
    rules[i].sensor = "#";
    rules[i].high = 30;
    rules[i].window = seconds(20);
  }
  rules[0].measure = Measure::kMean;
  rules[0].keep_firing_for = seconds(5);
  rules[1].measure = Measure::kP95;
  rules[1].every = seconds(5);
  rules[1].lateness = seconds(1);
  rules[2].measure = Measure::kChange;
  rules[2].high = 10;
  rules[2].repeat = seconds(7);
  rules[3].measure = Measure::kRate;
  rules[3].per = seconds(10);
  rules[3].hold = seconds(3);
  rules[4].measure = Measure::kCount;
  rules[4].of.high = 30;
  rules[4].high = 2;
  rules[5].levels = {{"warning", 25, 24}, {"critical", 32, {}}};
  rules[5].hold = seconds(4);
  rules[6].flap_changes = 4;
  rules[6].flap_within = seconds(30);
  rules[7].kind = ConditionKind::kMissingRatio;
  rules[7].high = 0.5;
  rules[8].mute = {muted};
  rules[8].accept = kRetained | kQueued;
  return rules;
}

// The first line in which two results differ; empty: they do not.
inline std::string first_difference(const std::vector<std::string>& want,
                                    const std::vector<std::string>& got) {
  for (std::size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    const std::string a = i < want.size() ? want[i] : "nothing";
    const std::string b = i < got.size() ? got[i] : "nothing";
    if (a != b) return "line " + std::to_string(i) + ":\nwant " + a + "\ngot  " + b;
  }
  return "";
}

}  // namespace sluice::test
