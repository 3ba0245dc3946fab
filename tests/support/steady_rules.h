// Rules of each kind, and of each way to look back, to wait and to tell again, for tests that compare a fold
// with itself, and what they say where two of its results differ.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "alert/rule.h"
#include "model/reading.h"

namespace sluice::test {

inline std::vector<Rule> steady_rules(WeekHours muted) {
  using std::chrono::seconds;
  std::vector<Rule> rules(17);
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
  rules[9].measure = Measure::kSteady;
  rules[9].window = seconds(4);
  rules[9].tolerance = 8;
  rules[9].kind = ConditionKind::kInside;
  rules[9].low = 4;
  rules[9].high = 1e300;
  rules[10].kind = ConditionKind::kOutside;
  rules[10].low = 22;
  rules[10].high = 37;
  rules[10].flap_changes = 3;
  rules[10].flap_within = seconds(5);
  rules[11].measure = Measure::kRange;
  rules[11].kind = ConditionKind::kInside;
  rules[11].low = 4;
  rules[11].high = 16;
  rules[11].window = seconds(5);
  rules[12].measure = Measure::kLast;
  rules[12].kind = ConditionKind::kEquals;
  rules[12].low = 25;
  rules[12].keep_firing_for = seconds(2);
  rules[13].measure = Measure::kFirst;
  rules[13].kind = ConditionKind::kNotEquals;
  rules[13].low = 25;
  rules[13].every = seconds(20);
  rules[13].repeat = seconds(30);
  rules[14].measure = Measure::kMedian;
  rules[14].kind = ConditionKind::kBelow;
  rules[14].levels = {{"info", 29, 30}, {"warning", 26, {}}};
  rules[14].window = seconds(1);  // most sensors are slower
  rules[14].every = seconds(1);
  rules[15].measure = Measure::kSamples;
  rules[15].high = 5;
  rules[15].accept = kDuplicate | kLate;
  rules[16].measure = Measure::kStddev;
  rules[16].high = 6;
  rules[16].window = seconds(40);  // more than is remembered, where that is little
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
