// Whether a filter over names of sensors can match any that readings and derived give.
#include <algorithm>
#include <sstream>

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

std::vector<std::string> levels_of(const std::string& filter) {
  std::vector<std::string> levels;
  std::istringstream text(filter);
  for (std::string level; std::getline(text, level, '/');) levels.push_back(level);
  return levels;
}

std::string filled_in(std::vector<std::string> names, const std::vector<std::string>& filter) {
  for (std::size_t i = 0; i < names.size() && i < filter.size(); ++i) {
    if (names[i] == "+" && filter[i] != "#") names[i] = filter[i];
    if (names[i] != "#") continue;
    names.erase(names.begin() + static_cast<std::ptrdiff_t>(i), names.end());
    names.insert(names.end(), filter.begin() + static_cast<std::ptrdiff_t>(i), filter.end());
    break;
  }
  std::string text;
  for (const std::string& level : names) text += (text.empty() ? "" : "/") + level;
  return text;
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
                          nearest(filter, meant_by(filter)));
  }

 private:
  // What wildcards leave open stays as it is in the filter: who wrote a/x never meant all of b/#.
  std::vector<std::string> meant_by(const std::string& filter) const {
    std::vector<std::string> meant;
    for (const std::string& names : names_) meant.push_back(filled_in(levels_of(names), levels_of(filter)));
    return meant;
  }

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
