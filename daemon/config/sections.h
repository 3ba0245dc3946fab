// Sections: how each part of the configuration is read into Settings. One function a group of top-level keys,
// one file a function. A new key is a member of a settings struct, a line in one of these, a line in
// describe.cpp and a line in config/sluice.yaml; the tests find out when one of them is missing.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "config/map_reader.h"
#include "config/settings.h"

namespace sluice {

void load_gateway(MapReader& root, Settings& settings);                // gateway, log
void load_mqtt(MapReader& root, Settings& settings);                   // mqtt; after gateway
void load_readings(MapReader& root, Settings& settings, bool needed);  // readings, sensors
void load_derived(MapReader& root, Settings& settings);                // derived
void load_notify(MapReader& root, Settings& settings);                 // notify
void load_alerts(MapReader& root, Settings& settings);                 // alerting, alerts; after notify
void load_gateway_alerts(MapReader& root, Settings& settings);         // after notify
void load_store(MapReader& root, Settings& settings);                  // store, clock, summary
void load_outputs(MapReader& root, Settings& settings);                // upload, api; after gateway

// Parts of sections: one place under upload.to (`names`: those read so far), the three files of a tls map,
// and the headers of a map that has token_file too.
void load_sink(MapReader& reader, std::map<std::string, Position>& names, std::vector<SinkSettings>& sinks);
void load_tls_files(MapReader& tls, std::string& ca, std::string& cert, std::string& key);
void load_headers(MapReader& reader, std::map<std::string, std::string>& headers);

// A filter over topics or over names of sensors.
void load_filter(MapReader& reader, const std::string& key, std::string& filter);

// Names of rules and channels become levels of a topic, keys of the API and columns of reports.
bool is_name(const std::string& text);
inline constexpr const char* kNameExpected =
    "expected letters, digits and _ . - only, because it is a level of a topic";

// Limits that tie keys of several sections together; after all of them were read.
void check_together(const Settings& settings, LoadContext& context);

// What has no effect: rules, sensors entries and inputs for names that no sensor can have. Only of settings
// without a problem.
void warn_of_no_sensor(const Settings& settings, LoadContext& context);

// Rules whose sensors speak too seldom for them, or nobody has said how often.
void warn_of_pace(const Settings& settings, LoadContext& context);

// What `exec` channels would run and cannot.
void warn_of_no_program(const Settings& settings, LoadContext& context);

// Every key that the loaders ask for, such as "readings[].topic" or "notify.*.type".
std::set<std::string> known_keys();

}  // namespace sluice
