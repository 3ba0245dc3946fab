// notify: whom alerts are told to. A type of channel is a function here and a line in kTypes.
#include <algorithm>
#include <array>

#include "base/url.h"
#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::milliseconds;

void load_mqtt_channel(MapReader& reader, NotifyEntry& entry) {
  entry.channel = MqttChannelSettings{};
  if (entry.name == "mqtt") return;
  reader.wrong("type", "is \"mqtt\"", "expected another type: the one connection for alerts is channel mqtt");
}

void load_url(MapReader& reader, std::string& url) {
  reader.required("url", "an address such as https://alerts.example/hook");
  if (!reader.text("url", url)) return;
  const bool http = url.starts_with("http://") || url.starts_with("https://");
  const std::string host = http ? url.substr(url.find("://") + 3) : "";
  if (host.empty() || host.front() == '/' || url.find_first_of(" \t\r\n") != std::string::npos) {
    reader.wrong("url", "is not an address", "expected http://HOST:PORT/PATH or https://HOST:PORT/PATH");
  } else if (url_has_userinfo(url)) {
    // Not repeated here: it may be a password.
    reader.wrong("url", "carries a user name or password",
                 "expected it in a header, with the secret in token_file");
  }
}

// What every channel over HTTP has.
void load_http(MapReader& reader, HttpPostSettings& http) {
  load_url(reader, http.url);
  load_headers(reader, http.headers);
  reader.secret("token_file", http.token_file);
  reader.map("tls", [&](MapReader& tls) { load_tls_files(tls, http.tls.ca, http.tls.cert, http.tls.key); });
  reader.duration("timeout", http.timeout, milliseconds(100), std::chrono::minutes(2));
}

void load_webhook(MapReader& reader, NotifyEntry& entry) {
  WebhookSettings webhook;
  load_http(reader, webhook.http);
  entry.channel = std::move(webhook);
}

void load_alertmanager(MapReader& reader, NotifyEntry& entry) {
  AlertmanagerSettings alertmanager;
  load_http(reader, alertmanager.http);
  reader.duration("refresh", alertmanager.refresh, std::chrono::seconds(10), std::chrono::hours(1));
  entry.channel = std::move(alertmanager);
}

void load_home_assistant(MapReader& reader, NotifyEntry& entry) {
  HomeAssistantSettings settings;
  if (reader.text("prefix", settings.prefix) &&
      (settings.prefix.empty() || settings.prefix.find_first_of("+#") != std::string::npos ||
       settings.prefix.front() == '/' || settings.prefix.back() == '/')) {
    reader.wrong("prefix", "is " + in_quotes(settings.prefix), "expected a topic such as homeassistant");
  }
  reader.duration("every", settings.every, std::chrono::seconds(1), std::chrono::hours(24));
  reader.duration("forget", settings.forget, std::chrono::hours(1), std::chrono::hours(24 * 3650));
  reader.number("entities", settings.entities, 1, 10000);
  entry.channel = std::move(settings);
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

constexpr std::array<std::pair<const char*, void (*)(MapReader&, NotifyEntry&)>, 5> kTypes{
    {{"mqtt", load_mqtt_channel},
     {"webhook", load_webhook},
     {"alertmanager", load_alertmanager},
     {"homeassistant", load_home_assistant},
     {"exec", load_exec}}};

std::vector<std::string> type_names() {
  std::vector<std::string> names;
  names.reserve(kTypes.size());
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
    const auto shows_house = [](const NotifyEntry& other) {
      return std::holds_alternative<HomeAssistantSettings>(other.channel);
    };
    auto other = std::find_if(settings.notify.begin(), settings.notify.end(), shows_house);
    if (shows_house(entry) && other != settings.notify.end()) {
      reader.wrong("type", "is \"homeassistant\", as that of channel " + in_quotes(other->name),
                   "expected one channel of this type: two would remove each other's entities");
    }
    if (entry.name == "mqtt") {
      settings.notify.front() = entry;
    } else {
      settings.notify.push_back(entry);
    }
  });
}

}  // namespace sluice
