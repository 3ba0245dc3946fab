#include "alert/rule_explanation.h"

#include <algorithm>

#include "alert/rule_sentence.h"
#include "base/time_text.h"

namespace sluice {

namespace {

using Phase = RuleState::Phase;

bool is_of_one_value(const Rule& rule) {
  return rule.measure == Measure::kValue && rule.kind != ConditionKind::kMissingRatio &&
         rule.kind != ConditionKind::kSilentFor;
}

// What ends a firing alert.
std::string end_text(const Rule& rule) {
  if (rule.kind == ConditionKind::kSilentFor) return "resolved by the next reading";
  if (rule.kind == ConditionKind::kMissingRatio) return "resolved by readings as often as expected";
  if (rule.measure == Measure::kSteady) return "resolved by a change of the value";
  const bool above = rule.kind == ConditionKind::kAbove;
  if (rule.clear) {
    return (is_of_one_value(rule) ? "resolved by a value of " : "resolved at ") + number_word(*rule.clear) +
           (above ? " or less" : " or more");
  }
  if (!is_of_one_value(rule)) return "resolved once it is no longer so that " + holds_text(rule);
  return "resolved by a value that is not " + limits_text(rule);
}

std::string seconds_text(std::int64_t ms) {
  return ms < 0 ? "0s" : format_duration(ms);
}

void explain_silence(const Rule& rule, const SensorLast& last, const FoldTime& time, RuleExplanation& about) {
  const std::int64_t left_ms =
      last.subscribed_ms + (rule.silent_for + rule.hold).count() - time.subscribed_ms;
  if (!time.connected) {
    about.text += "not subscribed, so silence does not count; fires after " + seconds_text(left_ms) +
                  " more of silence while subscribed";
    return;
  }
  about.deadline_ms = time.stream_ms + time.wall_minus_stream_ms + left_ms;
  about.text += "fires in " + seconds_text(left_ms) + " unless a reading arrives";
}

void explain_idle(const Rule& rule, const FoldTime& time, RuleExplanation& about) {
  if (rule.hold.count() > 0) {
    about.text = "the condition does not hold; waits until " + holds_text(rule) +
                 ", which then has to last " + format_duration(rule.hold.count());
  } else {
    about.text = "the condition does not hold; fires once " + holds_text(rule);
  }
  if (!time.connected) about.text += "; not subscribed at the moment";
}

// Firing or about to, and moving to another level.
void explain_move(const Rule& rule, const RuleState& state, const FoldTime& time, RuleExplanation& about) {
  about.deadline_ms = state.deadline_ms + time.wall_minus_stream_ms;
  const std::string in = " in " + seconds_text(*about.deadline_ms - time.wall_ms()) + " if ";
  if (state.level == 0) {
    const std::string stays =
        is_of_one_value(rule) ? "it stays " + limits_text(rule) : "it stays so that " + holds_text(rule);
    about.text = "fires" + in + stays;
  } else if (state.toward == 0) {
    about.text += "; its condition does not hold, and it ends" + in + "that lasts";
  } else {
    about.text += "; becomes " + rule.severity_of(state.toward) + in + "that lasts";
  }
}

}  // namespace

Result<const Rule*> rule_watching(const std::vector<Rule>& rules, const std::string& name,
                                  const std::string& sensor, TopicMatch matches) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const Rule& candidate) { return candidate.name == name; });
  if (found == rules.end()) {
    std::string known;
    for (const Rule& rule : rules) known += (known.empty() ? "" : ", ") + rule.name;
    return make_error(ErrorCode::kNotFound, "no rule is named \"" + name + "\"; there is " +
                                                (known.empty() ? "none under alerts" : known));
  }
  if (matches(found->sensor, sensor)) return &*found;
  return make_error(ErrorCode::kInvalid, "the rule \"" + name + "\" does not watch \"" + sensor +
                                             "\", only sensors that match " + found->sensor);
}

std::string cut_text(const CutWindow& cut) {
  return "the readings that are remembered reach back " + format_duration(cut.reach_ms) + " of " +
         format_duration(cut.back_ms);
}

std::string cut_advice(const CutWindow& cut) {
  constexpr std::size_t kSamplesMax = 100000;  // of alerting.window_samples
  if (cut.needed > kSamplesMax) return "shorten the window";
  return "set alerting.window_samples: " + std::to_string(cut.needed) + ", or shorten the window";
}

const char* phase_name(Phase phase) {
  return phase == Phase::kFiring ? "firing" : phase == Phase::kPending ? "pending" : "idle";
}

RuleExplanation explain_rule(const Rule& rule, const RuleState& state, const SensorLast& last,
                             bool registered, const FoldTime& time) {
  RuleExplanation about;
  about.condition = condition_text(rule);
  const bool awaited =
      registered && (rule.kind == ConditionKind::kSilentFor || rule.kind == ConditionKind::kMissingRatio);
  about.phase = state.phase;
  if (about.phase != Phase::kIdle) about.since_ms = state.since_ms;
  if (last.time_ms != 0) {
    about.value = last.value;
    about.value_at_ms = last.time_ms;
  }
  switch (about.phase) {
    case Phase::kIdle:
      if (last.time_ms == 0 && !awaited) {
        about.text = "the sensor was never heard";
      } else if (rule.kind == ConditionKind::kSilentFor) {
        about.text = last.time_ms == 0 ? "the sensor was never heard; " : "";
        explain_silence(rule, last, time, about);
      } else {
        explain_idle(rule, time, about);
        if (last.time_ms == 0) about.text = "the sensor was never heard; " + about.text;
      }
      break;
    case Phase::kPending:
      explain_move(rule, state, time, about);
      break;
    case Phase::kFiring:
      about.text = "firing for " + seconds_text(time.wall_ms() - about.since_ms) + "; " + end_text(rule);
      if (state.toward != state.level) explain_move(rule, state, time, about);
      break;
  }
  return about;
}

RuleExplanation explain_rule(const Rule& rule, const std::vector<RuleState>& states, const SensorLast& last,
                             bool registered, const FoldTime& time) {
  for (const RuleState& state : states) {
    if (state.sensor == last.id && state.rule == rule.name)
      return explain_rule(rule, state, last, registered, time);
  }
  return explain_rule(rule, RuleState{}, last, registered, time);
}

}  // namespace sluice
