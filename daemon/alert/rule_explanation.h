// RuleExplanation: where one rule stands on one sensor and what it waits for, for `sluicectl why` and
// /api/v1/why. A pure function of the rule, its state and the clocks, so that the engine and a reader of the
// database say the same. Times are wall ms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_fold.h"
#include "alert/rule.h"
#include "base/result.h"
#include "model/batch.h"

namespace sluice {

struct RuleExplanation {
  RuleState::Phase phase = RuleState::Phase::kIdle;
  std::int64_t since_ms = 0;                // pending, firing: since when; idle: 0
  std::optional<std::int64_t> deadline_ms;  // it fires then, unless something changes
  std::optional<double> value;              // the newest; absent: never heard
  std::int64_t value_at_ms = 0;
  std::string unit;       // of the sensor
  std::string condition;  // "above 28 for 30s, clears at 27"
  std::string text;       // one sentence: what it waits for
};

// `state`: as made by default where it is idle. `registered`: as in SensorFacts. `time`: now.
RuleExplanation explain_rule(const Rule& rule, const RuleState& state, const SensorLast& last,
                             bool registered, const FoldTime& time);
// The same, looking for the state among all that are not idle.
RuleExplanation explain_rule(const Rule& rule, const std::vector<RuleState>& states, const SensorLast& last,
                             bool registered, const FoldTime& time);
// The rule of that name, which watches that sensor. kNotFound: there is none; kInvalid: it does not watch it.
Result<const Rule*> rule_watching(const std::vector<Rule>& rules, const std::string& name,
                                  const std::string& sensor, TopicMatch matches);
std::string cut_text(const CutWindow& cut);      // "the readings that are remembered reach back 16m of 6h"
std::string cut_advice(const CutWindow& cut);    // "set alerting.window_samples: 2200, or shorten the window"
const char* phase_name(RuleState::Phase phase);  // idle, pending, firing

}  // namespace sluice
