#include "alert/home_assistant_entity.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

#include "alert/topic_part.h"
#include "base/sha256.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kReadableBytesMax = 48;
constexpr std::size_t kHashDigits = 12;

struct UnitClass {
  const char* unit;
  const char* device_class;
};

constexpr std::array<UnitClass, 47> kUnits{{{"°C", "temperature"},
                                            {"°F", "temperature"},
                                            {"K", "temperature"},
                                            {"Pa", "pressure"},
                                            {"hPa", "pressure"},
                                            {"kPa", "pressure"},
                                            {"mbar", "pressure"},
                                            {"bar", "pressure"},
                                            {"psi", "pressure"},
                                            {"V", "voltage"},
                                            {"mV", "voltage"},
                                            {"A", "current"},
                                            {"mA", "current"},
                                            {"W", "power"},
                                            {"kW", "power"},
                                            {"Wh", "energy"},
                                            {"kWh", "energy"},
                                            {"MWh", "energy"},
                                            {"VA", "apparent_power"},
                                            {"var", "reactive_power"},
                                            {"Hz", "frequency"},
                                            {"kHz", "frequency"},
                                            {"MHz", "frequency"},
                                            {"lx", "illuminance"},
                                            {"dB", "sound_pressure"},
                                            {"dBA", "sound_pressure"},
                                            {"dBm", "signal_strength"},
                                            {"m/s", "speed"},
                                            {"km/h", "speed"},
                                            {"mm/h", "precipitation_intensity"},
                                            {"W/m²", "irradiance"},
                                            {"g", "weight"},
                                            {"kg", "weight"},
                                            {"mm", "distance"},
                                            {"cm", "distance"},
                                            {"m", "distance"},
                                            {"km", "distance"},
                                            {"s", "duration"},
                                            {"min", "duration"},
                                            {"h", "duration"},
                                            {"d", "duration"},
                                            {"B", "data_size"},
                                            {"MB", "data_size"},
                                            {"MiB", "data_size"},
                                            {"GB", "data_size"},
                                            {"GiB", "data_size"},
                                            {"B/s", "data_rate"}}};

struct NamedClass {
  const char* unit;
  const char* word;
  const char* device_class;
};

constexpr std::array<NamedClass, 10> kNamed{{{"%", "humid", "humidity"},
                                             {"%", "batter", "battery"},
                                             {"%", "moist", "moisture"},
                                             {"%", "soil", "moisture"},
                                             {"ppm", "co2", "carbon_dioxide"},
                                             {"ppm", "carbon_dioxide", "carbon_dioxide"},
                                             {"µg/m³", "pm10", "pm10"},
                                             {"µg/m³", "pm2", "pm25"},
                                             {"µg/m³", "pm1", "pm1"},
                                             {"µg/m³", "ozone", "ozone"}}};

// An object id is [a-zA-Z0-9_-]; what is lost of the name by that, the hash keeps apart.
std::string object_id(const std::string& name) {
  std::string readable;
  for (char c : name.substr(0, kReadableBytesMax)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    readable += plain ? c : '_';
  }
  return readable + "_" + sha256_hex(name).substr(0, kHashDigits);
}

Json common(const HomeAssistantGateway& gateway, const std::string& name, const std::string& id,
            const std::string& state_topic) {
  const std::string node = "sluice_" + gateway.id;
  return Json{{"name", name},
              {"unique_id", node + "_" + id},
              {"state_topic", state_topic},
              {"qos", 1},
              {"availability_topic", "sluice/" + gateway.id + "/status"},
              {"availability_template", "{{ value_json.state }}"},
              {"device",
               {{"identifiers", Json::array({node})},
                {"name", "Sluice " + gateway.id},
                {"manufacturer", "Sluice"},
                {"model", "Sensor gateway"},
                {"sw_version", gateway.version}}},
              {"origin", {{"name", "Sluice"}, {"sw_version", gateway.version}}}};
}

HomeAssistantEntity finish(const HomeAssistantGateway& gateway, const std::string& prefix,
                           const std::string& component, const std::string& id, const Json& json) {
  return {prefix + "/" + component + "/sluice_" + gateway.id + "/" + id + "/config", json["state_topic"],
          json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

std::string device_class_of(const std::string& unit, const std::string& sensor) {
  std::string name = sensor;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const NamedClass& known : kNamed) {
    if (unit == known.unit && name.find(known.word) != std::string::npos) return known.device_class;
  }
  for (const UnitClass& known : kUnits) {
    if (unit == known.unit) return known.device_class;
  }
  return "";
}

HomeAssistantEntity reading_entity(const HomeAssistantGateway& gateway, const std::string& prefix,
                                   const std::string& sensor, const std::string& unit) {
  const std::string id = object_id("reading/" + sensor);
  Json json =
      common(gateway, sensor, id, "sluice/" + gateway.id + "/homeassistant/readings/" + topic_part(sensor));
  json["value_template"] = "{{ value_json.value }}";
  const std::string device_class = device_class_of(unit, sensor);
  if (!device_class.empty()) json["device_class"] = device_class;
  if (!unit.empty()) json["unit_of_measurement"] = unit;
  // Home Assistant takes no plain measurement for energy.
  json["state_class"] = device_class == "energy" ? "total_increasing" : "measurement";
  return finish(gateway, prefix, "sensor", id, json);
}

HomeAssistantEntity alert_entity(const HomeAssistantGateway& gateway, const std::string& prefix,
                                 const std::string& alert, const std::string& sensor) {
  const std::string id = object_id(alert + "/" + sensor);
  const std::string topic =
      "sluice/" + gateway.id + "/homeassistant/alerts/" + topic_part(alert) + "/" + topic_part(sensor);
  Json json = common(gateway, alert + " " + sensor, id, topic);
  json["device_class"] = "problem";
  json["value_template"] = "{{ 'ON' if value_json.state == 'firing' else 'OFF' }}";
  json["json_attributes_topic"] = topic;
  return finish(gateway, prefix, "binary_sensor", id, json);
}

}  // namespace sluice
