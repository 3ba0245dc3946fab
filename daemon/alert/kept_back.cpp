#include "alert/kept_back.h"

#include <utility>

namespace sluice {

std::string kept_back_note(std::uint32_t alert_flags, std::uint64_t silence) {
  static constexpr std::pair<AlertFlag, const char*> kReadings[] = {
      {kClockWasUnset, "the clock is not trusted"},
      {kFromQueued, "it began with what waited in the broker's queue"},
      {kFromLate, "its newest reading is older than alerting.max_age"},
      {kFromRetained, "it began with a retained message"},
      {kFromDuplicate, "it began with a duplicate"},
  };
  if (alert_flags & kSilenced) return silence == 0 ? "silenced" : "silenced by " + std::to_string(silence);
  if (alert_flags & kMuted) return "outside the hours of its rule";
  if ((alert_flags & kQuiet) == 0) return "";
  for (const auto& [flag, why] : kReadings) {
    if (alert_flags & flag) return std::string("told nobody: ") + why;
  }
  return "told nobody: its next reading tells";
}

}  // namespace sluice
