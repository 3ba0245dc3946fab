// Whether a filter over names of sensors can match any that readings and derived give.
#include <algorithm>

#include "config/sections.h"
#include "decode/name_template.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

// Filters that together match every name that the entry can give, and maybe more.
void add_names(const ReadingsEntry& entry, std::vector<std::string>& names) {
  const std::string by_default = entry.fields.empty() ? "{topic}" : "{topic}/{field}";
  auto name = NameTemplate::parse(entry.sensor.empty() ? by_default : entry.sensor);
  if (!name.ok()) {
    names.emplace_back("#");
  } else if (entry.fields.empty()) {
    names.push_back(name->names_filter(entry.topic, ""));
  } else {
    for (const std::string& field : entry.fields) names.push_back(name->names_filter(entry.topic, field));
  }
}

class Names {
 public:
  Names(const DecodeSettings& decode, LoadContext& context) : context_(context) {
    for (const ReadingsEntry& entry : decode.readings) add_names(entry, names_);
    for (const DerivedSensor& derived : decode.derived) names_.push_back(derived.name);
  }
  bool none() const { return names_.empty(); }

  void look_at(const std::string& filter, const std::string& key) const {
    const auto place = context_.given.find(key);
    // The gateway's own sensor is not among the names.
    if (filter.empty() || filter.starts_with('$') || place == context_.given.end()) return;
    if (std::any_of(names_.begin(), names_.end(),
                    [&filter](const std::string& names) { return filters_overlap(names, filter); })) {
      return;
    }
    context_.warnings.add(place->second, key, in_quotes(filter) + " matches no sensor",
                          "expected what readings or derived can give, such as " + in_quotes(names_.front()),
                          nearest(filter, names_));
  }

 private:
  LoadContext& context_;
  std::vector<std::string> names_;
};

}  // namespace

void warn_of_no_sensor(const Settings& settings, LoadContext& context) {
  const Names names(settings.decode, context);
  if (names.none()) return;
  auto key = [](const char* list, std::size_t i) {
    return std::string(list) + "[" + std::to_string(i) + "]";
  };
  for (std::size_t i = 0; i < settings.alerts.rules.size(); ++i) {
    names.look_at(settings.alerts.rules[i].sensor, key("alerts", i) + ".sensor");
  }
  for (std::size_t i = 0; i < settings.decode.sensors.size(); ++i) {
    names.look_at(settings.decode.sensors[i].sensor, key("sensors", i) + ".sensor");
  }
  for (std::size_t i = 0; i < settings.decode.derived.size(); ++i) {
    for (const DerivedInput& input : settings.decode.derived[i].inputs) {
      names.look_at(input.sensor, key("derived", i) + ".inputs." + input.name + ".sensor");
    }
  }
}

}  // namespace sluice
