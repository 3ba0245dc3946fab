#include "decode/sensor_profile.h"

#include <algorithm>
#include <cmath>

#include "decode/topic_filter.h"

namespace sluice {

Counter SensorProfile::apply(double& value) const {
  if (std::isnan(value)) return Counter::kReadingsNotANumber;
  if (std::isinf(value)) return Counter::kReadingsOutOfRange;
  if (std::find(invalid.begin(), invalid.end(), value) != invalid.end()) return Counter::kReadingsInvalid;
  const double calibrated = value * scale + offset;
  if (!std::isfinite(calibrated)) return Counter::kReadingsOutOfRange;
  value = calibrated;
  if (plausible && !(value >= plausible->first && value <= plausible->second)) {
    return Counter::kReadingsImplausible;
  }
  return Counter::kCount_;
}

SensorProfile profile_of(const std::vector<SensorEntry>& entries, const std::string& sensor,
                         const std::string& unit) {
  SensorProfile profile;
  profile.unit = unit;
  for (const SensorEntry& entry : entries) {
    if (!topic_matches(entry.sensor, sensor)) continue;
    if (entry.scale) profile.scale = *entry.scale;
    if (entry.offset) profile.offset = *entry.offset;
    if (entry.plausible) profile.plausible = entry.plausible;
    if (!entry.invalid.empty()) profile.invalid = entry.invalid;
    if (entry.every) profile.every = entry.every;
    if (entry.kind) profile.kind = *entry.kind;
    if (entry.unit) profile.unit = *entry.unit;
    for (const auto& [key, text] : entry.labels) profile.labels[key] = text;
  }
  return profile;
}

}  // namespace sluice
