#include "engine/watched.h"

#include <algorithm>
#include <cstdlib>

#include "alert/silence_json.h"
#include "decode/derivation.h"
#include "decode/sensor_profile.h"
#include "decode/topic_filter.h"

namespace sluice {

bool is_registered(const DecodeSettings& decode, const std::string& sensor) {
  return std::any_of(decode.sensors.begin(), decode.sensors.end(),
                     [&](const SensorEntry& entry) { return entry.sensor == sensor; });
}

bool may_be_heard(const DecodeSettings& decode, std::string_view sensor) {
  return std::any_of(decode.readings.begin(), decode.readings.end(), [&](const ReadingsEntry& entry) {
    if (!entry.sensor.empty()) return true;
    if (entry.fields.empty()) return topic_matches(entry.topic, sensor);
    return std::any_of(entry.fields.begin(), entry.fields.end(), [&](const std::string& field) {
      return sensor.ends_with("/" + field) &&
             topic_matches(entry.topic, sensor.substr(0, sensor.size() - field.size() - 1));
    });
  });
}

SensorFacts facts_of(const SensorEntryState& sensor, const DecodeSettings& decode) {
  SensorFacts facts;
  facts.id = sensor.id;
  facts.name = &sensor.name;
  facts.unit = &sensor.profile.unit;
  facts.labels = &sensor.profile.labels;
  facts.every_ms = sensor.profile.every.value_or(std::chrono::milliseconds(0)).count();
  facts.derived = sensor.derived;
  facts.registered = sensor.derived || is_registered(decode, sensor.name);
  facts.expected = facts.registered || may_be_heard(decode, sensor.name);
  return facts;
}

std::vector<std::string> awaited_sensors(const EngineSettings& settings, Registry& registry) {
  const DecodeSettings& decode = settings.decode;
  const AlertSettings& alerts = settings.alerts;
  std::vector<std::string> names;
  for (const DerivedSensor& derived : decode.derived) {
    if (registry.find(derived.name) == nullptr) names.push_back(derived.name);
  }
  for (const SensorEntry& entry : decode.sensors) {
    if (entry.sensor.find_first_of("+#") != std::string::npos) continue;
    const bool has_pace = profile_of(decode.sensors, entry.sensor, "").every.has_value();
    const bool awaited = std::any_of(alerts.rules.begin(), alerts.rules.end(), [&](const Rule& rule) {
      const bool absence =
          rule.kind == ConditionKind::kSilentFor || (rule.kind == ConditionKind::kMissingRatio && has_pace);
      return absence && topic_matches(rule.sensor, entry.sensor);
    });
    const bool room = registry.all().size() + names.size() < decode.max_sensors;
    const bool new_here = std::find(names.begin(), names.end(), entry.sensor) == names.end();
    if (awaited && room && new_here && registry.find(entry.sensor) == nullptr) names.push_back(entry.sensor);
  }
  return names;
}

std::int64_t recall_ms(const DecodeSettings& decode, const AlertSettings& alerts, const std::string& sensor) {
  return derived_recall_ms(decode.derived, sensor,
                           [&](const std::string& name) { return recall_ms(alerts, topic_matches, name); });
}

void apply_silence(const JournalRecord& record, AlertFold& fold, const FoldTime& now) {
  if (record.kind == RecordKind::kUnsilence) {
    fold.on_unsilence(std::strtoull(std::string(record.topic).c_str(), nullptr, 10), now);
    return;
  }
  // Whoever appends one has checked it; what a damaged one says is nothing.
  auto silence = silence_from_json(record.payload);
  if (!silence.ok()) return;
  silence->id = record.seq;
  silence->from_ms = record.wall_ms;
  fold.on_silence(*silence);
}

}  // namespace sluice
