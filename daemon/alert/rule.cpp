#include "alert/rule.h"

#include <fmt/format.h>

#include "base/sha256.h"

namespace sluice {

std::string Rule::digest() const {
  std::string text = fmt::format("{} {} {} {} {} {} {}", static_cast<int>(kind), low, high, clear.has_value(),
                                 clear.value_or(0), silent_for.count(), hold.count());
  text += fmt::format("|{} {} {} {} {} {}", static_cast<int>(measure), window.count(), every.count(),
                      lateness.count(), per.count(), tolerance);
  text += fmt::format("|{} {} {}", static_cast<int>(of.kind), of.low, of.high);
  text += fmt::format("|{} {} {} {}", keep_firing_for.count(), flap_changes, flap_within.count(), accept);
  for (const Level& level : levels) {
    text += fmt::format("|{} {} {}", level.limit, level.clear.has_value(), level.clear.value_or(0));
  }
  return sha256_hex(name + '\0' + sensor + '\0' + text).substr(0, 16);
}

std::int64_t Rule::history_ms() const {
  if (kind == ConditionKind::kMissingRatio) return 2 * window.count();
  if (measure == Measure::kValue) return 0;
  if (measure == Measure::kSteady) return 2 * window.count();
  return (window + every + lateness).count();
}

int Rule::top_level() const {
  return levels.empty() ? 1 : static_cast<int>(levels.size());
}

const std::string& Rule::severity_of(int level) const {
  if (levels.empty()) return severity;
  return levels[static_cast<std::size_t>(level < 1 ? 0 : level - 1)].severity;
}

}  // namespace sluice
