#include "alert/condition.h"

#include <cmath>

namespace sluice {

namespace {

bool within_clear(const Rule& rule, double value) {
  if (!rule.clear) return false;
  if (rule.kind == ConditionKind::kAbove) return value > *rule.clear;
  return rule.kind == ConditionKind::kBelow && value < *rule.clear;
}

}  // namespace

bool holds(const Comparison& comparison, double value) {
  switch (comparison.kind) {
    case ConditionKind::kAbove:
    case ConditionKind::kMissingRatio:
      return value > comparison.high;
    case ConditionKind::kBelow:
      return value < comparison.low;
    case ConditionKind::kOutside:
      return value < comparison.low || value > comparison.high;
    case ConditionKind::kInside:
      return value >= comparison.low && value <= comparison.high;
    case ConditionKind::kEquals:
      return value == comparison.low;
    case ConditionKind::kNotEquals:
      return value != comparison.low;
    case ConditionKind::kSilentFor:
      return false;
  }
  return false;
}

int level_of(const Rule& rule, double value, int current) {
  if (!std::isfinite(value)) return 0;
  if (rule.levels.empty()) {
    return holds({rule.kind, rule.low, rule.high}, value) || (current > 0 && within_clear(rule, value)) ? 1
                                                                                                        : 0;
  }
  const bool above = rule.kind == ConditionKind::kAbove;
  for (int i = rule.top_level(); i > 0; --i) {
    const Level& level = rule.levels[static_cast<std::size_t>(i - 1)];
    const double limit = current >= i ? level.clear.value_or(level.limit) : level.limit;
    if (above ? value > limit : value < limit) return i;
  }
  return 0;
}

double threshold_of(const Rule& rule, double value, int level) {
  if (!rule.levels.empty()) return rule.levels[static_cast<std::size_t>(level < 1 ? 0 : level - 1)].limit;
  if (rule.measure == Measure::kSteady) return rule.low;
  switch (rule.kind) {
    case ConditionKind::kAbove:
    case ConditionKind::kMissingRatio:
      return rule.high;
    case ConditionKind::kBelow:
    case ConditionKind::kEquals:
    case ConditionKind::kNotEquals:
      return rule.low;
    case ConditionKind::kOutside:
    case ConditionKind::kInside:
      return value - rule.low < rule.high - value ? rule.low : rule.high;  // the nearer end
    case ConditionKind::kSilentFor:
      return static_cast<double>(rule.silent_for.count()) / 1000.0;
  }
  return 0;
}

}  // namespace sluice
