#include "alert/event_json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/time_text.h"

namespace sluice {

namespace {

constexpr std::pair<AlertFlag, const char*> kFlagNames[] = {{kQuiet, "quiet"},
                                                            {kStanding, "standing"},
                                                            {kClockWasUnset, "clock_unset"},
                                                            {kTest, "test"},
                                                            {kRuleRemoved, "rule_removed"},
                                                            {kRepeated, "repeated"},
                                                            {kNewLevel, "new_level"},
                                                            {kFlapping, "flapping"},
                                                            {kSilenced, "silenced"},
                                                            {kMuted, "muted"},
                                                            {kFromQueued, "queued"},
                                                            {kFromLate, "late"},
                                                            {kFromRetained, "retained"},
                                                            {kFromDuplicate, "duplicate"}};

}  // namespace

std::vector<std::string> flag_names(std::uint32_t alert_flags) {
  std::vector<std::string> names;
  for (const auto& [flag, name] : kFlagNames) {
    if (alert_flags & flag) names.emplace_back(name);
  }
  return names;
}

std::string event_to_json(const AlertEvent& event, const std::string& gateway, const std::string& note) {
  nlohmann::ordered_json json;
  json["id"] = event.id;
  json["gateway"] = gateway;
  json["alert"] = event.alert;
  json["sensor"] = event.sensor;
  json["state"] = event.state == AlertState::kFiring ? "firing" : "resolved";
  json["severity"] = event.severity;
  json["value"] = event.value;
  json["threshold"] = event.threshold;
  json["unit"] = event.unit;
  json["labels"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : event.labels) json["labels"][name] = value;
  json["since"] = format_rfc3339(event.since_ms);
  json["at"] = format_rfc3339(event.at_ms);
  json["message"] = event.message;
  json["flags"] = flag_names(event.flags);
  if (!note.empty()) json["note"] = note;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace sluice
