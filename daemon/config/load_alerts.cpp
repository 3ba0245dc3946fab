// alerting, alerts: the rules, and which channels they tell.
#include <algorithm>
#include <array>

#include "config/load_condition.h"
#include "config/names.h"
#include "config/quantity.h"
#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_placeholder(const std::string& name) {
  static const std::array<const char*, 7> kPlain{"sensor", "value",    "unit", "threshold",
                                                 "alert",  "severity", "since"};
  if (std::find(kPlain.begin(), kPlain.end(), name) != kPlain.end()) return true;
  return name.starts_with("label.") && is_name(name.substr(6));
}

void check_message(MapReader& reader, const std::string& message) {
  for (std::size_t at = message.find('{'); at != std::string::npos; at = message.find('{', at + 1)) {
    std::size_t end = message.find('}', at);
    if (end == std::string::npos) {
      reader.wrong("message", "has a { without a }", "expected a placeholder such as {sensor}");
      return;
    }
    std::string name = message.substr(at + 1, end - at - 1);
    if (is_placeholder(name)) continue;
    std::string meant = nearest(name, {"sensor", "value", "unit", "threshold", "alert", "severity", "since"});
    reader.wrong("message", "has the placeholder " + in_quotes("{" + name + "}"),
                 "expected {sensor} {value} {unit} {threshold} {alert} {severity} {since} or {label.NAME}",
                 meant.empty() ? "" : "{" + meant + "}");
  }
}

constexpr const char* kDayNames[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

void load_days(MapReader& reader, std::uint8_t& days) {
  std::uint8_t named = 0;
  const bool given = reader.each_text("days", [&](const std::string& word, Position at) {
    for (int day = 0; day < 7; ++day) {
      if (word == kDayNames[day]) {
        named |= static_cast<std::uint8_t>(1 << day);
        return;
      }
    }
    reader.wrong_at(at, "days", "there is no day " + in_quotes(word),
                    "expected mon, tue, wed, thu, fri, sat or sun",
                    nearest(word.substr(0, 3), {std::begin(kDayNames), std::end(kDayNames)}));
  });
  if (!given) return;
  days = named;
  if (named == 0 && reader.clean()) {
    reader.wrong("days", "has no day, so that nothing is ever within",
                 "expected some of mon, tue, wed, thu, fri, sat and sun, or no days for all of them");
  }
}

// A list of days and hours: { days: [sat, sun] }, { hours: "22:00-06:00" }.
void load_hours(MapReader& rule, const std::string& key, std::vector<WeekHours>& list) {
  rule.each(key, [&](MapReader& reader) {
    WeekHours entry;
    load_days(reader, entry.days);
    if (std::string text; reader.text("hours", text)) {
      const std::size_t dash = text.find('-');
      auto from = parse_time_of_day(text.substr(0, dash));
      auto to = dash == std::string::npos ? std::nullopt : parse_time_of_day(text.substr(dash + 1));
      if (from && to) {
        entry.from_minutes = *from;
        entry.to_minutes = *to;
      } else {
        reader.wrong("hours", "is " + in_quotes(text), "expected two times of day such as \"22:00-06:00\"");
      }
    }
    list.push_back(entry);
  });
}

void load_flap(MapReader& rule, Rule& out) {
  const bool given = rule.given("flap");
  rule.map("flap", [&](MapReader& flap) {
    if (given) flap.required("changes", "how many times it may fire and resolve, such as 6");
    if (given) flap.required("within", "the time for that, such as 10m");
    flap.number("changes", out.flap_changes, 2, 100);
    flap.duration("within", out.flap_within, seconds(1), hours(24 * 31));
  });
}

void load_accept(MapReader& reader, std::uint32_t& accept) {
  reader.each_text("accept", [&](const std::string& word, Position at) {
    for (const auto& [name, flag] : accept_words()) {
      if (word == name) {
        accept |= flag;
        return;
      }
    }
    reader.wrong_at(at, "accept", "is " + in_quotes(word),
                    "expected queued, late, retained, duplicate or clock_unset",
                    nearest(word, {"queued", "late", "retained", "duplicate", "clock_unset"}));
  });
}

void load_steadiness(MapReader& reader, Rule& rule) {
  constexpr milliseconds kLongest{hours(24 * 365)};
  reader.duration("for", rule.hold, milliseconds(0), kLongest);
  reader.duration("keep_firing_for", rule.keep_firing_for, milliseconds(0), kLongest);
  if (reader.duration("repeat", rule.repeat, milliseconds(0), kLongest) && rule.repeat.count() > 0 &&
      rule.repeat < seconds(1)) {
    reader.wrong("repeat", "is too short", "expected a second or more, or 0s for never");
  }
  load_flap(reader, rule);
  load_hours(reader, "active", rule.active);
  load_hours(reader, "mute", rule.mute);
  load_accept(reader, rule.accept);
}

void load_channels(MapReader& reader, const std::vector<std::string>& known, Rule& rule) {
  std::vector<std::string> named;
  bool given = reader.each_text("notify", [&](const std::string& name, Position at) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      reader.wrong_at(at, "notify", "there is no channel " + in_quotes(name),
                      "expected a name under notify: " + listed(known), nearest(name, known));
    } else if (std::find(named.begin(), named.end(), name) != named.end()) {
      reader.wrong_at(at, "notify", in_quotes(name) + " is given twice", "expected each channel once");
    } else {
      named.push_back(name);
    }
  });
  if (given) rule.notify = named;
}

void load_rule(MapReader& reader, const std::vector<std::string>& channels,
               std::map<std::string, Position>& names, const DecodeSettings& decode,
               std::vector<Rule>& rules) {
  Rule rule;
  reader.required("name", "a name for the alert, such as too-hot");
  if (reader.text("name", rule.name)) {
    auto [other, is_new] = names.emplace(rule.name, reader.at("name"));
    if (!is_name(rule.name)) {
      reader.wrong("name", "is " + in_quotes(rule.name), kNameExpected);
    } else if (!is_new) {
      reader.wrong("name", in_quotes(rule.name) + " is the name of another alert",
                   "expected a name of its own: the other is at " + std::to_string(other->second.line) + ":" +
                       std::to_string(other->second.column));
    }
  }
  reader.required("sensor", "a filter over the names of sensors; \"#\" is every one");
  load_filter(reader, "sensor", rule.sensor);
  load_condition(reader, decode, rule);
  load_steadiness(reader, rule);
  if (load_severity(reader, rule.severity) && !rule.levels.empty()) {
    reader.wrong("severity", "counts for nothing beside levels, each of which has its own",
                 "expected it in the levels only");
  }
  reader.texts("labels", rule.labels);
  load_channels(reader, channels, rule);
  if (reader.text("message", rule.message)) check_message(reader, rule.message);
  rules.push_back(std::move(rule));
}

}  // namespace

void load_alerts(MapReader& root, Settings& settings) {
  root.map("alerting", [&](MapReader& alerting) {
    alerting.duration("max_age", settings.alerts.max_age, seconds(1), hours(24 * 365));
    alerting.number("window_samples", settings.alerts.window_samples, 16, 100000);
  });
  std::vector<std::string> channels;
  for (const NotifyEntry& channel : settings.notify) channels.push_back(channel.name);
  std::map<std::string, Position> names;
  root.each("alerts", [&](MapReader& reader) {
    load_rule(reader, channels, names, settings.decode, settings.alerts.rules);
    check_measured(reader, settings);
  });
}

}  // namespace sluice
