// SensorProfile: what the configuration says of one sensor, all matching `sensors:` entries merged, later
// wins. Order of application: raw → invalid (raw) → calibration → plausible (calibrated).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "decode/decode_settings.h"
#include "model/counters.h"

namespace sluice {

struct SensorProfile {
  double scale = 1;
  double offset = 0;
  std::optional<std::pair<double, double>> plausible;
  std::vector<double> invalid;
  std::optional<std::chrono::milliseconds> every;
  SensorKind kind = SensorKind::kGauge;
  std::string unit;
  std::map<std::string, std::string> labels;

  // Calibrates in place. kCount_, or the readings_rejected/* reason.
  Counter apply(double& value) const;
};

// `unit` is the readings entry's; a sensors entry's wins.
SensorProfile profile_of(const std::vector<SensorEntry>& entries, const std::string& sensor,
                         const std::string& unit);

}  // namespace sluice
