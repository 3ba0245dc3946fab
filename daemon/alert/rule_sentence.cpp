#include "alert/rule_sentence.h"

#include <cstdio>
#include <optional>
#include <utility>

#include "base/time_text.h"

namespace sluice {

namespace {

std::string duration_word(std::chrono::milliseconds duration) {
  return format_duration(duration.count());
}

std::string comparison_text(const Comparison& comparison) {
  switch (comparison.kind) {
    case ConditionKind::kAbove:
      return "above " + number_word(comparison.high);
    case ConditionKind::kBelow:
      return "below " + number_word(comparison.low);
    case ConditionKind::kOutside:
      return "outside " + number_word(comparison.low) + " to " + number_word(comparison.high);
    case ConditionKind::kInside:
      return "inside " + number_word(comparison.low) + " to " + number_word(comparison.high);
    case ConditionKind::kEquals:
      return "equal to " + number_word(comparison.low);
    case ConditionKind::kNotEquals:
      return "other than " + number_word(comparison.low);
    case ConditionKind::kSilentFor:
    case ConditionKind::kMissingRatio:
      break;
  }
  return "";
}

// What is compared, where it is not the value: "mean over 5m".
std::string measure_text(const Rule& rule) {
  static const char* const kFigures[] = {
      "",    "mean",  "minimum", "maximum", "median", "95th percentile", "standard deviation",
      "sum", "count", "first",   "last",    "range"};
  const std::string window = duration_word(rule.window);
  switch (rule.measure) {
    case Measure::kValue:
    case Measure::kSteady:
      return "";
    case Measure::kChange:
      return "change within " + window;
    case Measure::kRate:
      return "change per " + duration_word(rule.per) + " over " + window;
    case Measure::kCount:
      return "count within " + window + " of values " + comparison_text(rule.of);
    default:
      break;
  }
  std::string text = std::string(kFigures[static_cast<int>(rule.measure)]) + " over " + window;
  if (rule.every.count() > 0) text += " at the end of every " + duration_word(rule.every);
  if (rule.lateness.count() > 0) text += ", with " + duration_word(rule.lateness) + " for late readings,";
  return text;
}

// The limit or the ladder of them.
std::string steps_text(const Rule& rule) {
  if (rule.levels.empty()) return comparison_text({rule.kind, rule.low, rule.high});
  std::string text;
  for (const Level& level : rule.levels) {
    if (!text.empty()) text += ", ";
    text += comparison_text({rule.kind, level.limit, level.limit}) + " (" + level.severity;
    if (level.clear) text += ", clears at " + number_word(*level.clear);
    text += ")";
  }
  return text;
}

std::string end_text(const Rule& rule) {
  std::string text = "ends ";
  const std::optional<double> clear = rule.levels.empty() ? rule.clear : rule.levels.front().clear;
  if (clear) {
    text += "at " + number_word(*clear) + (rule.kind == ConditionKind::kAbove ? " or less" : " or more");
  } else {
    text += rule.kind == ConditionKind::kSilentFor ? "with the next reading" : "when that is over";
  }
  if (rule.keep_firing_for.count() > 0)
    text += " and has stayed so for " + duration_word(rule.keep_firing_for) +
            (rule.top_level() > 1 ? ", each level by itself" : "");
  return text;
}

std::string hours_text(const std::vector<WeekHours>& hours) {
  static const char* const kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::string text;
  for (const WeekHours& entry : hours) {
    if (!text.empty()) text += ", ";
    if (entry.days != 0x7f) {
      for (int day = 0; day < 7; ++day) {
        if (entry.days >> day & 1) text += std::string(kDays[day]) + " ";
      }
    }
    char span[48];
    std::snprintf(span, sizeof span, "%02d:%02d-%02d:%02d", entry.from_minutes / 60, entry.from_minutes % 60,
                  entry.to_minutes / 60, entry.to_minutes % 60);
    text += span;
  }
  return text;
}

std::string channels_text(const Rule& rule) {
  if (rule.notify.empty()) return "tells nobody";
  std::string text = "tells";
  for (const std::string& channel : rule.notify) {
    text += (&channel == &rule.notify.front() ? " " : ", ") + channel;
  }
  if (rule.repeat.count() > 0) text += " and again every " + duration_word(rule.repeat);
  if (!rule.active.empty()) text += ", only at " + hours_text(rule.active);
  if (!rule.mute.empty()) text += ", not at " + hours_text(rule.mute);
  return text;
}

}  // namespace

std::string number_word(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string limits_text(const Rule& rule) {
  if (rule.kind == ConditionKind::kSilentFor) return "silent for " + duration_word(rule.silent_for);
  if (rule.kind == ConditionKind::kMissingRatio) {
    return "missing more than " + number_word(rule.high) + " of the expected readings within " +
           duration_word(rule.window);
  }
  if (rule.measure == Measure::kSteady) {
    return "stuck within " + number_word(rule.tolerance) + " for " + duration_word(rule.window);
  }
  const std::string measure = measure_text(rule);
  return measure + (measure.empty() ? "" : " ") + steps_text(rule);
}

std::string condition_text(const Rule& rule) {
  std::string text = limits_text(rule);
  if (rule.hold.count() > 0) text += " for " + duration_word(rule.hold);
  if (rule.clear) text += ", clears at " + number_word(*rule.clear);
  if (rule.keep_firing_for.count() > 0) text += ", kept for " + duration_word(rule.keep_firing_for);
  return text;
}

std::string holds_text(const Rule& rule) {
  if (rule.kind == ConditionKind::kSilentFor) {
    return "nothing was heard of it for " + duration_word(rule.silent_for) + " while subscribed";
  }
  if (rule.kind == ConditionKind::kMissingRatio) {
    return "of the readings expected within " + duration_word(rule.window) + " more than " +
           number_word(rule.high * 100) + " % are missing";
  }
  switch (rule.measure) {
    case Measure::kValue:
      return "its value is " + steps_text(rule);
    case Measure::kSteady:
      return "its values have stayed within " + number_word(rule.tolerance) + " of each other for " +
             duration_word(rule.window);
    case Measure::kChange:
      return "its value is further than " + number_word(rule.high) + " from another one within " +
             duration_word(rule.window);
    case Measure::kCount:
      return "more than " + number_word(rule.high) + " values within " + duration_word(rule.window) +
             " are " + comparison_text(rule.of);
    default:
      return "the " + measure_text(rule) + " is " + steps_text(rule);
  }
}

std::string explain(const Rule& rule) {
  std::string text = rule.name + " fires";
  if (rule.levels.empty()) text += " as " + rule.severity;
  text += " for a sensor that matches " + rule.sensor + " once " + holds_text(rule);
  if (rule.hold.count() > 0) {
    text += " and that has lasted " + duration_word(rule.hold);
    if (rule.top_level() > 1) text += ", for each level by itself";
  }
  text += "; " + end_text(rule);
  if (rule.flap_changes > 0) {
    text += "; " + std::to_string(rule.flap_changes) + " changes within " + duration_word(rule.flap_within) +
            " make it stand until it has been calm for as long";
  }
  std::string also;
  const std::pair<const char*, std::uint32_t> kDoubts[] = {{"queued", kQueued},
                                                           {"late", kLate},
                                                           {"retained", kRetained},
                                                           {"duplicate", kDuplicate},
                                                           {"from before the clock was set", kClockUnset}};
  for (const auto& [word, flag] : kDoubts) {
    if (rule.accept & flag) also += (also.empty() ? "" : ", ") + std::string(word);
  }
  if (!also.empty()) text += "; takes readings that are " + also + " like any other";
  return text + "; " + channels_text(rule) + ".";
}

}  // namespace sluice
