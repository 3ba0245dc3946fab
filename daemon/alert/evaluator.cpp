#include "alert/evaluator.h"

namespace sluice {

bool condition_holds(const Rule& rule, double value) {
  switch (rule.kind) {
    case ConditionKind::kAbove:
      return value > rule.high;
    case ConditionKind::kBelow:
      return value < rule.low;
    case ConditionKind::kOutside:
      return value < rule.low || value > rule.high;
    case ConditionKind::kInside:
      return value >= rule.low && value <= rule.high;
    case ConditionKind::kSilentFor:
      return false;
  }
  return false;
}

bool condition_clears(const Rule& rule, double value) {
  if (rule.clear && rule.kind == ConditionKind::kAbove) return value <= *rule.clear;
  if (rule.clear && rule.kind == ConditionKind::kBelow) return value >= *rule.clear;
  return !condition_holds(rule, value);
}

double threshold_of(const Rule& rule, double value) {
  switch (rule.kind) {
    case ConditionKind::kAbove:
      return rule.high;
    case ConditionKind::kBelow:
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
