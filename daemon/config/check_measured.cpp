// Whether a rule can be met at all, by what is remembered of the sensors that it watches and how often they
// speak. What can never fire has to be an error: nobody would find out.
#include <algorithm>
#include <functional>
#include <string>

#include "config/load_condition.h"
#include "config/quantity.h"
#include "config/sections.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

constexpr std::size_t kSamplesMax = 100000;  // of alerting.window_samples

std::string key_of(const Rule& rule) {
  if (rule.kind == ConditionKind::kMissingRatio) return "missing_ratio";
  switch (rule.measure) {
    case Measure::kSteady:
      return "stuck_for";
    case Measure::kChange:
      return "changes_by";
    case Measure::kRate:
      return "rate";
    case Measure::kCount:
      return "count";
    default:
      return "over";
  }
}

std::string shorter(const Rule& rule) {
  const std::string key = key_of(rule);
  return "expected a shorter " + (key == "stuck_for" ? key : key == "over" ? "window" : "within");
}

// What an entry says of how often sensors speak that the rule watches.
class Pace {
 public:
  Pace(MapReader& reader, const Settings& settings)
      : reader_(reader), rule_(settings.alerts.rules.back()), remembered_(settings.alerts.window_samples) {}

  // False: something is wrong.
  bool fits(const SensorEntry& entry) {
    const std::int64_t every_ms = entry.every->count();
    const std::string sensor = in_quotes(entry.sensor);
    const std::string every = duration_text(*entry.every);
    if (rule_.kind == ConditionKind::kMissingRatio) {
      const std::int64_t awaited = rule_.window.count() / every_ms;
      if (awaited > 0) return remembers(awaited, "awaits ", sensor);
      return refuse("awaits no reading of " + sensor + ", which has one every " + every,
                    "expected a within of several times that");
    }
    if (rule_.measure == Measure::kSteady) {
      if (every_ms <= rule_.window.count()) {
        return remembers(rule_.window.count() / every_ms + 1, "looks at ", sensor);
      }
      return refuse("is shorter than the " + every + " between two readings of " + sensor,
                    "expected several times that");
    }
    const bool of_two = rule_.measure == Measure::kRate || rule_.measure == Measure::kChange;
    if (of_two && rule_.window.count() <= every_ms) {
      return refuse("never sees two readings of " + sensor + ", which has one every " + every,
                    "expected a within of several times that");
    }
    return remembers((rule_.window + rule_.lateness).count() / every_ms, "looks at ", sensor);
  }

 private:
  bool remembers(std::int64_t readings, const std::string& looks_at, const std::string& sensor) {
    const auto needed = static_cast<std::size_t>(readings);
    if (needed <= remembered_) return true;
    return refuse(
        looks_at + std::to_string(needed) + " readings of " + sensor + ", and no more than " +
            std::to_string(remembered_) + " are remembered",
        shorter(rule_) +
            (needed > kSamplesMax ? "" : ", or alerting.window_samples: " + std::to_string(needed)));
  }
  bool refuse(const std::string& what, const std::string& expected) {
    reader_.wrong(key_of(rule_), what, expected);
    return false;
  }

  MapReader& reader_;
  const Rule& rule_;
  std::size_t remembered_;
};

// A count of readings against what can be counted.
void check_count(MapReader& reader, const Rule& rule, std::size_t remembered) {
  const bool counts = rule.measure == Measure::kCount || rule.measure == Measure::kSamples;
  if (!counts) return;
  const auto most = static_cast<double>(remembered);
  const auto over_all = [&](const Comparison& limit) {
    switch (limit.kind) {
      case ConditionKind::kAbove:
        return limit.high >= most;
      case ConditionKind::kInside:
      case ConditionKind::kEquals:
        return limit.low > most;
      default:
        return false;
    }
  };
  bool never = over_all({rule.kind, rule.low, rule.high});
  if (!rule.levels.empty()) {
    never = std::any_of(rule.levels.begin(), rule.levels.end(), [&](const Level& level) {
      return over_all({rule.kind, level.limit, level.limit});
    });
  }
  if (never) {
    reader.wrong(
        key_of(rule),
        "asks for more readings than the " + std::to_string(remembered) + " that are remembered of a sensor",
        "expected a smaller limit, or a larger alerting.window_samples");
  }
  const bool below_one = rule.measure == Measure::kSamples && rule.kind == ConditionKind::kBelow &&
                         (rule.levels.empty() ? rule.low : rule.levels.front().limit) <= 1;
  if (below_one) {
    reader.wrong("over", "is never met: a window without a reading says nothing",
                 "expected silent_for for a sensor that says nothing, or a limit above 1");
  }
}

bool looks_back(const Rule& rule) {
  return rule.kind == ConditionKind::kMissingRatio || rule.measure != Measure::kValue;
}

// The entries by which a sensor that the rule watches has its `every`, until `visit` says false. One that a
// later entry hides is left out.
void each_pace(const DecodeSettings& decode, const Rule& rule,
               const std::function<bool(const SensorEntry&)>& visit) {
  const std::vector<SensorEntry>& entries = decode.sensors;
  for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
    if (!entry->every || entry->every->count() <= 0 || !filters_overlap(entry->sensor, rule.sensor)) continue;
    const bool hidden = std::any_of(entry + 1, entries.end(), [&](const SensorEntry& later) {
      return later.every && filter_covers(later.sensor, entry->sensor);
    });
    if (!hidden && !visit(*entry)) return;
  }
}

}  // namespace

void check_measured(MapReader& reader, const Settings& settings) {
  const Rule& rule = settings.alerts.rules.back();
  if (!looks_back(rule) || !reader.clean()) return;
  check_count(reader, rule, settings.alerts.window_samples);
  Pace pace(reader, settings);
  each_pace(settings.decode, rule, [&](const SensorEntry& entry) { return pace.fits(entry); });
}

void warn_of_pace(const Settings& settings, LoadContext& context) {
  for (std::size_t i = 0; i < settings.alerts.rules.size(); ++i) {
    const Rule& rule = settings.alerts.rules[i];
    if (!looks_back(rule)) continue;
    const std::string key = "alerts[" + std::to_string(i) + "]." + key_of(rule);
    const auto warn = [&](const std::string& what, const std::string& expected) {
      const auto place = context.given.find(key);
      if (place != context.given.end()) context.warnings.add(place->second, key, what, expected);
    };
    bool known = false;
    each_pace(settings.decode, rule, [&](const SensorEntry& entry) {
      known = true;
      if (rule.measure != Measure::kRate || rule.window >= 2 * *entry.every) return true;
      warn("has hardly two readings of " + in_quotes(entry.sensor) + ", which has one every " +
               duration_text(*entry.every),
           "expected a within of several times that");
      return false;
    });
    if (!known && rule.kind == ConditionKind::kMissingRatio) {
      warn("watches no sensor of which it is known how often it speaks",
           "expected every: under sensors for those that match " + in_quotes(rule.sensor));
    }
  }
}

}  // namespace sluice
