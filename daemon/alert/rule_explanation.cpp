#include "alert/rule_explanation.h"

#include <algorithm>
#include <cstdio>

#include "base/time_text.h"

namespace sluice {

namespace {

using Phase = RuleState::Phase;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string comparison_text(const Comparison& comparison) {
  switch (comparison.kind) {
    case ConditionKind::kAbove:
      return "above " + number(comparison.high);
    case ConditionKind::kBelow:
      return "below " + number(comparison.low);
    case ConditionKind::kOutside:
      return "outside " + number(comparison.low) + " to " + number(comparison.high);
    case ConditionKind::kInside:
      return "inside " + number(comparison.low) + " to " + number(comparison.high);
    case ConditionKind::kEquals:
      return "equal to " + number(comparison.low);
    case ConditionKind::kNotEquals:
      return "other than " + number(comparison.low);
    case ConditionKind::kSilentFor:
    case ConditionKind::kMissingRatio:
      break;
  }
  return "";
}

// What is compared, where it is not the value: "mean over 5m ".
std::string measure_text(const Rule& rule) {
  static const char* const kFigures[] = {
      "",    "mean",  "minimum", "maximum", "median", "95th percentile", "standard deviation",
      "sum", "count", "first",   "last",    "range"};
  const std::string window = format_duration(rule.window.count());
  switch (rule.measure) {
    case Measure::kValue:
      return "";
    case Measure::kChange:
      return "change within " + window + " ";
    case Measure::kRate:
      return "rate per " + format_duration(rule.per.count()) + ", within " + window + ", ";
    case Measure::kCount:
      return "count within " + window + " of values " + comparison_text(rule.of) + " ";
    case Measure::kSteady:
      return "";
    default:
      break;
  }
  std::string text = std::string(kFigures[static_cast<int>(rule.measure)]) + " over " + window;
  if (rule.every.count() > 0) text += " every " + format_duration(rule.every.count());
  return text + " ";
}

std::string limits_text(const Rule& rule) {
  if (rule.kind == ConditionKind::kSilentFor) return "silent for " + format_duration(rule.silent_for.count());
  if (rule.kind == ConditionKind::kMissingRatio) {
    return "missing more than " + number(rule.high) + " of the expected readings within " +
           format_duration(rule.window.count());
  }
  if (rule.measure == Measure::kSteady) {
    return "stuck within " + number(rule.tolerance) + " for " + format_duration(rule.window.count());
  }
  if (rule.levels.empty()) return measure_text(rule) + comparison_text({rule.kind, rule.low, rule.high});
  std::string text = measure_text(rule);
  for (const Level& level : rule.levels) {
    if (&level != &rule.levels.front()) text += ", ";
    text += comparison_text({rule.kind, level.limit, level.limit}) + " (" + level.severity + ")";
  }
  return text;
}

// What ends a firing alert.
std::string clear_text(const Rule& rule) {
  if (rule.kind == ConditionKind::kSilentFor) return "the next reading";
  if (rule.clear && rule.kind == ConditionKind::kAbove)
    return "a value of " + number(*rule.clear) + " or less";
  if (rule.clear && rule.kind == ConditionKind::kBelow)
    return "a value of " + number(*rule.clear) + " or more";
  if (rule.kind == ConditionKind::kMissingRatio) return "readings as often as expected";
  if (rule.measure == Measure::kSteady) return "a change of the value";
  return (rule.measure == Measure::kValue ? "a value that is not " : "no longer: ") + limits_text(rule);
}

std::string seconds_text(std::int64_t ms) {
  return ms < 0 ? "0s" : format_duration(ms);
}

void explain_silence(const Rule& rule, const SensorLast& last, const FoldTime& time, RuleExplanation& about) {
  const std::int64_t left_ms =
      last.subscribed_ms + (rule.silent_for + rule.hold).count() - time.subscribed_ms;
  if (!time.connected) {
    about.text = "not subscribed, so silence does not count; fires after " + seconds_text(left_ms) +
                 " more of silence while subscribed";
    return;
  }
  about.deadline_ms = time.stream_ms + time.wall_minus_stream_ms + left_ms;
  about.text = "fires in " + seconds_text(left_ms) + " unless a reading arrives";
}

void explain_idle(const Rule& rule, const FoldTime& time, RuleExplanation& about) {
  if (rule.hold.count() > 0) {
    about.text = "the condition does not hold; waits for a value " + limits_text(rule) +
                 ", which then has to last " + format_duration(rule.hold.count());
  } else {
    about.text = "the condition does not hold; the first value " + limits_text(rule) + " fires it";
  }
  if (!time.connected) about.text += "; not subscribed at the moment";
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

const char* phase_name(Phase phase) {
  return phase == Phase::kFiring ? "firing" : phase == Phase::kPending ? "pending" : "idle";
}

std::string condition_text(const Rule& rule) {
  std::string text = limits_text(rule);
  if (rule.hold.count() > 0) text += " for " + format_duration(rule.hold.count());
  if (rule.clear) text += ", clears at " + number(*rule.clear);
  if (rule.keep_firing_for.count() > 0) text += ", kept for " + format_duration(rule.keep_firing_for.count());
  return text;
}

std::string explain(const Rule& rule) {
  std::string text = rule.name + ": for each sensor that matches " + rule.sensor + ", fires";
  if (rule.levels.empty()) text += " as " + rule.severity;
  text += " when it is " + condition_text(rule);
  if (rule.repeat.count() > 0) text += ", told again every " + format_duration(rule.repeat.count());
  if (rule.flap_changes > 0) {
    text += ", flapping from " + std::to_string(rule.flap_changes) + " changes within " +
            format_duration(rule.flap_within.count());
  }
  if (!rule.active.empty()) text += ", told only in its hours";
  if (!rule.mute.empty()) text += ", not told in its mute hours";
  if (rule.notify.empty()) return text + "; tells nobody.";
  text += "; tells";
  for (const std::string& channel : rule.notify)
    text += (&channel == &rule.notify.front() ? " " : ", ") + channel;
  return text + ".";
}

RuleExplanation explain_rule(const Rule& rule, const RuleState* state, const SensorLast& last,
                             const FoldTime& time) {
  RuleExplanation about;
  about.condition = condition_text(rule);
  if (state != nullptr) about.phase = state->phase;
  if (about.phase != Phase::kIdle) about.since_ms = state->since_ms;
  if (last.time_ms != 0) {
    about.value = last.value;
    about.value_at_ms = last.time_ms;
  }
  const std::int64_t wall_ms = time.stream_ms + time.wall_minus_stream_ms;
  switch (about.phase) {
    case Phase::kIdle:
      if (last.time_ms == 0) {
        about.text = "the sensor was never heard";
      } else if (rule.kind == ConditionKind::kSilentFor) {
        explain_silence(rule, last, time, about);
      } else {
        explain_idle(rule, time, about);
      }
      break;
    case Phase::kPending:
      about.deadline_ms = state->deadline_ms + time.wall_minus_stream_ms;
      about.text =
          "fires in " + seconds_text(*about.deadline_ms - wall_ms) + " if it stays " + limits_text(rule);
      break;
    case Phase::kFiring:
      about.text =
          "firing for " + seconds_text(wall_ms - about.since_ms) + "; resolved by " + clear_text(rule);
      if (state->told_level == 0) {
        about.text += "; nobody was told yet, because what began it was old: the next fresh reading tells";
      }
      break;
  }
  return about;
}

RuleExplanation explain_rule(const Rule& rule, const std::vector<RuleState>& states, const SensorLast& last,
                             const FoldTime& time) {
  for (const RuleState& state : states) {
    if (state.sensor == last.id && state.rule == rule.name) return explain_rule(rule, &state, last, time);
  }
  return explain_rule(rule, nullptr, last, time);
}

}  // namespace sluice
