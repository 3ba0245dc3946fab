// notify: whom alerts are told to. A type of channel is a function here and a line in kTypes.
#include <algorithm>
#include <array>

#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::milliseconds;

void load_mqtt_channel(MapReader& reader, NotifyEntry& entry) {
  entry.channel = MqttChannelSettings{};
  if (entry.name == "mqtt") return;
  reader.wrong("type", "is \"mqtt\"", "expected another type: the one connection for alerts is channel mqtt");
}

void load_exec(MapReader& reader, NotifyEntry& entry) {
  ExecSettings exec;
  reader.required("command", "a program and its arguments, such as [/usr/local/bin/tell, ops]");
  reader.each_text("command", [&](const std::string& word, Position) { exec.command.push_back(word); });
  if (reader.given("command") && (exec.command.empty() || !exec.command.front().starts_with('/'))) {
    reader.wrong("command", "does not begin with a program",
                 "expected a list that begins with an absolute path: no shell is asked");
  }
  reader.duration("timeout", exec.timeout, milliseconds(100), std::chrono::minutes(10));
  reader.number("parallel", exec.parallel, 1, 16);
  entry.channel = std::move(exec);
}

constexpr std::array<std::pair<const char*, void (*)(MapReader&, NotifyEntry&)>, 2> kTypes{
    {{"mqtt", load_mqtt_channel}, {"exec", load_exec}}};

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
  if (entry.name == "mqtt" && type != "mqtt")
    reader.wrong("type", "is " + in_quotes(type), "expected mqtt: give this channel another name");
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
