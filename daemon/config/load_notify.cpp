// notify: whom alerts are told to. A type of channel is a function here and a line in kTypes.
#include <algorithm>
#include <array>

#include "config/sections.h"

namespace sluice {

namespace {

void load_mqtt_channel(MapReader&, NotifyEntry& entry) {
  entry.channel = MqttChannelSettings{};
}

constexpr std::array<std::pair<const char*, void (*)(MapReader&, NotifyEntry&)>, 1> kTypes{
    {{"mqtt", load_mqtt_channel}}};

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  for (const auto& [name, load] : kTypes) names.emplace_back(name);
  return names;
}

void load_channel(MapReader& reader, NotifyEntry& entry) {
  entry.name = reader.name();
  if (!is_name(entry.name)) reader.wrong("", "the name is " + in_quotes(entry.name), kNameExpected);
  reader.required("type", "the type of the channel: " + listed(type_names()));
  std::string type;
  if (!reader.text("type", type)) return;
  auto known = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.first == type; });
  if (known == kTypes.end()) {
    reader.wrong("type", "is " + in_quotes(type),
                 "expected a type that this version has: " + listed(type_names()),
                 nearest(type, type_names()));
    reader.ignore_the_rest();
    return;
  }
  known->second(reader, entry);
}

}  // namespace

bool is_name(const std::string& text) {
  return !text.empty() && text.find_first_not_of(
                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "0123456789_.-") == std::string::npos;
}

void load_notify(MapReader& root, Settings& settings) {
  settings.notify = {NotifyEntry{"mqtt", MqttChannelSettings{}}};
  root.each_member("notify", [&](MapReader& reader) {
    NotifyEntry entry;
    load_channel(reader, entry);
    if (entry.name == "mqtt") {
      settings.notify.front() = entry;
    } else {
      settings.notify.push_back(entry);
    }
  });
}

}  // namespace sluice
