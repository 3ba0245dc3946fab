// What the rules have to know of sensors: facts of one, and those that are awaited before they were ever
// heard. Pure functions of the configuration and the registry's entry.
#pragma once

#include <string>
#include <vector>

#include "alert/alert_fold.h"
#include "decode/decode_settings.h"
#include "engine/engine.h"
#include "engine/registry.h"
#include "model/journal_record.h"

namespace sluice {

// Named in the configuration without a wildcard.
bool is_registered(const DecodeSettings& decode, const std::string& sensor);
// May an entry of `readings` bring a sensor of this name? One with a template may bring any.
bool may_be_heard(const DecodeSettings& decode, std::string_view sensor);
// Points into `sensor`.
SensorFacts facts_of(const SensorEntryState& sensor, const DecodeSettings& decode);
// How long before its newest reading those of a sensor lie that rules on it, or on what is derived from it,
// look back on.
std::int64_t recall_ms(const DecodeSettings& decode, const AlertSettings& alerts, const std::string& sensor);
// Sensors that are there before they are heard: derived ones, and those named in the configuration without
// wildcards whose absence a rule waits for. Those that the registry knows, or has no room for, are left
// out.
std::vector<std::string> awaited_sensors(const EngineSettings& settings, Registry& registry);

// Of a kSilence or kUnsilence record.
void apply_silence(const JournalRecord& record, AlertFold& fold, const FoldTime& now);

}  // namespace sluice
