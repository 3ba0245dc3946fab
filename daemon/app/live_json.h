// What the engine knows of sensors and rules, as the API's JSON; and the same, as far as it can be known,
// from the database of a gateway that does not run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "alert/rule_explanation.h"
#include "base/result.h"
#include "config/settings.h"
#include "engine/engine.h"
#include "store/view.h"

namespace sluice {

struct SensorLine {
  std::string name;
  std::string unit;
  SensorLast last;
  double interval_ms = 0;                 // 0: not known
  std::optional<std::uint64_t> rejected;  // since start; absent: not known
  std::string last_reject;
};

// In the order in which they were first heard.
struct SensorPage {
  std::vector<SensorLine> lines;
  std::optional<std::int64_t> next;  // absent: this is the last page
};
SensorPage sensor_page(const Engine& engine, std::int64_t after, std::size_t limit);
Result<SensorPage> all_sensors(StoreView& view);
std::string sensors_json(const SensorPage& page, std::int64_t now_wall_ms);

// With the newest stored readings of the sensor.
Result<std::string> why_json(StoreView& view, const std::string& sensor, const std::string& rule,
                             const RuleExplanation& about, std::int64_t now_wall_ms);
// As of the last transaction.
Result<RuleExplanation> explain_stored(StoreView& view, const Settings& settings, const std::string& sensor,
                                       const std::string& rule);

}  // namespace sluice
