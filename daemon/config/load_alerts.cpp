// alerting, alerts: the rules, and which channels they tell.
#include <algorithm>
#include <array>
#include <tuple>

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

void load_severity(MapReader& reader, std::string& severity) {
  if (!reader.text("severity", severity)) return;
  bool plain = severity.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos;
  if (!severity.empty() && plain) return;
  reader.wrong("severity", "is " + in_quotes(severity),
               "expected one word in lower-case letters, such as info, warning or critical",
               nearest(severity, {"info", "warning", "critical"}));
}

// Exactly one of the conditions; each further one names the first.
void load_condition(MapReader& reader, Rule& rule) {
  const std::array<std::pair<const char*, ConditionKind>, 5> kinds{
      {{"above", ConditionKind::kAbove},
       {"below", ConditionKind::kBelow},
       {"outside", ConditionKind::kOutside},
       {"inside", ConditionKind::kInside},
       {"silent_for", ConditionKind::kSilentFor}}};
  auto above = reader.real("above");
  auto below = reader.real("below");
  auto outside = reader.interval("outside");
  auto inside = reader.interval("inside");
  reader.duration("silent_for", rule.silent_for, seconds(1), hours(24 * 365));
  const char* first = nullptr;
  for (const auto& [key, kind] : kinds) {
    if (!reader.given(key)) continue;
    if (first == nullptr) {
      first = key;
      rule.kind = kind;
    } else {
      Position other = reader.at(first);
      reader.wrong(key, "is a second condition in one alert",
                   std::string("expected exactly one: \"") + first + "\" is at " +
                       std::to_string(other.line) + ":" + std::to_string(other.column) +
                       ", make two alerts of them");
    }
  }
  if (first == nullptr) {
    reader.wrong("", "has no condition",
                 "expected exactly one of above, below, outside, inside or silent_for");
  }
  if (above) rule.high = *above;
  if (below) rule.low = *below;
  if (auto ends = outside ? outside : inside) std::tie(rule.low, rule.high) = *ends;
}

void load_clear(MapReader& reader, Rule& rule) {
  rule.clear = reader.real("clear");
  if (!rule.clear) return;
  if (rule.kind != ConditionKind::kAbove && rule.kind != ConditionKind::kBelow) {
    reader.wrong("clear", "goes only with above or below", "expected no clear with this condition");
  } else if (rule.kind == ConditionKind::kAbove && *rule.clear > rule.high) {
    reader.wrong("clear", "is over the limit of above", "expected a value at or under that limit");
  } else if (rule.kind == ConditionKind::kBelow && *rule.clear < rule.low) {
    reader.wrong("clear", "is under the limit of below", "expected a value at or over that limit");
  }
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
               std::map<std::string, Position>& names, std::vector<Rule>& rules) {
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
  load_condition(reader, rule);
  load_clear(reader, rule);
  reader.duration("for", rule.hold, milliseconds(0), hours(24 * 365));
  load_severity(reader, rule.severity);
  load_channels(reader, channels, rule);
  if (reader.text("message", rule.message)) check_message(reader, rule.message);
  rules.push_back(std::move(rule));
}

}  // namespace

void load_alerts(MapReader& root, Settings& settings) {
  root.map("alerting", [&](MapReader& alerting) {
    alerting.duration("max_age", settings.alerts.max_age, seconds(1), hours(24 * 365));
  });
  std::vector<std::string> channels;
  for (const NotifyEntry& channel : settings.notify) channels.push_back(channel.name);
  std::map<std::string, Position> names;
  root.each("alerts", [&](MapReader& reader) { load_rule(reader, channels, names, settings.alerts.rules); });
}

}  // namespace sluice
