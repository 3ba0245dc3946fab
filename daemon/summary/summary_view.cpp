#include "summary/summary_view.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/time_text.h"

namespace sluice {

namespace {

using Json = nlohmann::json;

// Reads members of one object; the first that is missing or of another type is remembered.
class Members {
 public:
  Members(const Json& object, std::string path, std::string& fault)
      : object_(object), path_(std::move(path)), fault_(fault) {
    if (!object_.is_object()) fail("is not an object");
  }

  bool has(const char* name) const { return object_.is_object() && object_.contains(name); }
  const Json& at(const char* name) {
    static const Json kNothing;
    if (object_.is_object()) {
      if (auto found = object_.find(name); found != object_.end()) return *found;
    }
    fail(std::string("has no \"") + name + '"');
    return kNothing;
  }
  std::string string(const char* name) {
    const Json& value = at(name);
    if (const auto* text = value.get_ptr<const std::string*>()) return *text;
    return mistyped(name, "a string"), std::string();
  }
  bool boolean(const char* name) {
    const Json& value = at(name);
    if (const auto* yes = value.get_ptr<const bool*>()) return *yes;
    return mistyped(name, "true or false"), false;
  }
  std::uint64_t integer(const char* name) {
    const Json& value = at(name);
    if (value.is_number_unsigned()) return *value.get_ptr<const Json::number_unsigned_t*>();
    return mistyped(name, "a whole number"), 0;
  }
  std::int64_t difference(const char* name) {
    const Json& value = at(name);
    if (value.is_number_integer()) return value.get<std::int64_t>();
    return mistyped(name, "a whole number"), 0;
  }
  double number(const char* name) {
    const Json& value = at(name);
    if (value.is_number()) return value.get<double>();
    if (!value.is_null()) mistyped(name, "a number");
    return std::numeric_limits<double>::quiet_NaN();
  }
  std::int64_t time(const char* name) {
    const std::string text = string(name);
    if (auto ms = parse_rfc3339(text)) return *ms;
    return mistyped(name, "a time in RFC 3339 form"), 0;
  }
  void fail(const std::string& what) {
    if (fault_.empty()) fault_ = path_ + " " + what;
  }
  bool is_null(const char* name) { return at(name).is_null(); }
  const Json::array_t& array(const char* name) {
    static const Json::array_t kNone;
    const Json& value = at(name);
    if (const auto* list = value.get_ptr<const Json::array_t*>()) return *list;
    return mistyped(name, "an array"), kNone;
  }
  // Those that are null are NaN.
  std::vector<double> numbers(const char* name) {
    std::vector<double> out;
    for (const Json& value : array(name)) {
      if (!value.is_number() && !value.is_null()) mistyped(name, "an array of numbers");
      out.push_back(value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
    return out;
  }
  std::map<std::string, double> named_numbers(const char* name) {
    std::map<std::string, double> out;
    const Json& value = at(name);
    if (!value.is_object()) mistyped(name, "an object of numbers");
    for (auto member = value.begin(); value.is_object() && member != value.end(); ++member) {
      if (!member.value().is_number()) {
        mistyped(name, "an object of numbers");
      } else {
        out[member.key()] = member.value().get<double>();
      }
    }
    return out;
  }
  Members object(const char* name) { return {at(name), path_ + " (\"" + name + "\")", fault_}; }
  Members element(const Json& value, const char* name) {
    return {value, path_ + " (\"" + name + "\")", fault_};
  }
  std::map<std::string, std::string> strings(const char* name) {
    std::map<std::string, std::string> out;
    const Json& value = at(name);
    if (!value.is_object()) mistyped(name, "an object of strings");
    for (auto member = value.begin(); value.is_object() && member != value.end(); ++member) {
      if (const auto* text = member.value().get_ptr<const std::string*>()) {
        out[member.key()] = *text;
      } else {
        mistyped(name, "an object of strings");
      }
    }
    return out;
  }

 private:
  void mistyped(const char* name, const char* expected) {
    fail(std::string("has a member \"") + name + "\" that is not " + expected);
  }
  const Json& object_;
  std::string path_;
  std::string& fault_;
};

std::int64_t milliseconds_of(double seconds) {
  return std::isfinite(seconds) && std::abs(seconds) < 1e12 ? std::llround(seconds * 1000) : 0;
}

StateTimes read_states(Members& in) {
  StateTimes times;
  times.transitions = in.integer("transitions");
  for (const Json& line : in.array("states")) {
    Members state = in.element(line, "states");
    const std::int64_t time_ms = milliseconds_of(state.number("time_s"));
    if (state.is_null("value")) {
      times.others_ms = time_ms;
    } else {
      times.states.push_back({state.number("value"), time_ms});
    }
  }
  return times;
}

std::vector<HourRow> read_hours(Members in) {
  std::vector<HourRow> hours;
  const std::vector<double> count = in.numbers("count"), min = in.numbers("min"), mean = in.numbers("mean"),
                            max = in.numbers("max");
  if (min.size() != count.size() || mean.size() != count.size() || max.size() != count.size()) {
    in.fail("has arrays of different lengths");
    return hours;
  }
  for (std::size_t i = 0; i < count.size(); ++i) {
    if (count[i] > 0) {
      hours.push_back({static_cast<std::uint64_t>(count[i]), min[i], mean[i], max[i]});
    } else {
      hours.push_back({});
    }
  }
  return hours;
}

void read_statistics(Members& in, SummaryView::Sensor& sensor) {
  if (in.has("kind")) {
    const std::string word = in.string("kind");
    for (SensorKind kind : {SensorKind::kCounter, SensorKind::kState}) {
      if (word == sensor_kind_word(kind)) sensor.kind = kind;
    }
  }
  if (in.has("sum")) sensor.sum = in.number("sum");
  if (in.has("time_weighted_mean")) sensor.time_weighted_mean = in.number("time_weighted_mean");
  if (in.has("increase")) sensor.increase = {in.number("increase"), in.integer("resets")};
  if (in.has("states")) sensor.states = read_states(in);
  if (in.has("in_alert_by_rule_s")) sensor.in_alert_by_rule_s = in.named_numbers("in_alert_by_rule_s");
  if (in.has("hours")) sensor.hours = read_hours(in.object("hours"));
}

SummaryView::Sensor read_sensor(Members in) {
  SummaryView::Sensor sensor;
  sensor.sensor = in.string("sensor");
  sensor.unit = in.string("unit");
  sensor.labels = in.strings("labels");
  sensor.count = in.integer("count");
  sensor.min = in.number("min");
  sensor.min_at_ms = in.time("min_at");
  sensor.max = in.number("max");
  sensor.max_at_ms = in.time("max_at");
  sensor.mean = in.number("mean");
  sensor.stddev = in.number("stddev");
  sensor.p5 = in.number("p5");
  sensor.p50 = in.number("p50");
  sensor.p95 = in.number("p95");
  sensor.p99 = in.number("p99");
  sensor.first = in.number("first");
  sensor.last = in.number("last");
  if (!in.is_null("coverage")) sensor.coverage = in.number("coverage");
  sensor.longest_gap_s = in.number("longest_gap_s");
  sensor.in_alert_s = in.number("in_alert_s");
  read_statistics(in, sensor);
  return sensor;
}

SummaryView::Changes read_changes(Members in) {
  return {in.difference("stored"),   in.difference("duplicate"), in.difference("late"),
          in.difference("rejected"), in.difference("dropped"),   in.integer("sensors")};
}

SummaryView::Alert read_alert(Members in) {
  SummaryView::Alert alert;
  alert.id = in.string("id");
  alert.alert = in.string("alert");
  alert.sensor = in.string("sensor");
  alert.severity = in.string("severity");
  alert.since_ms = in.time("since");
  if (!in.is_null("until")) alert.until_ms = in.time("until");
  alert.value = in.number("value");
  alert.threshold = in.number("threshold");
  return alert;
}

Tally read_tally(Members in) {
  return {in.integer("count"), in.number("min"), in.number("max"), in.number("sum")};
}

SummaryView::Difference read_difference(Members in) {
  return {in.string("sensor"), read_tally(in.object("on_arrival")), read_tally(in.object("in_table"))};
}

}  // namespace

Result<SummaryView> summary_from_json(std::string_view body) {
  const Json json = Json::parse(body, nullptr, false);
  if (json.is_discarded()) return make_error(ErrorCode::kInvalid, "the summary document is not JSON");
  std::string fault;
  Members in(json, "the summary document", fault);
  const std::string schema = in.string("schema");
  if (fault.empty() && schema != kSummarySchema) {
    return make_error(ErrorCode::kInvalid, "the summary document is of schema \"" + schema +
                                               "\"; this program reads " + std::string(kSummarySchema));
  }
  SummaryView view;
  view.gateway = in.string("gateway");
  const auto day = parse_date(in.string("date"));
  if (day.ok()) {
    view.day = *day;
  } else if (fault.empty()) {
    fault = "the summary document has a \"date\" that is not YYYY-MM-DD";
  }
  view.timezone = in.string("timezone");
  view.from_ms = in.time("from");
  view.to_ms = in.time("to");
  const std::uint64_t revision = in.integer("revision");
  if (revision > std::numeric_limits<int>::max() && fault.empty()) {
    fault = "the summary document has a \"revision\" beyond any that is made";
  }
  view.revision = static_cast<int>(revision);
  view.complete = in.boolean("complete");
  Members counts(in.at("counts"), "\"counts\" of the summary document", fault);
  view.counts.stored = counts.integer("stored");
  view.counts.duplicate = counts.integer("duplicate");
  view.counts.late = counts.integer("late");
  view.counts.rejected = counts.integer("rejected");
  view.counts.dropped = counts.integer("dropped");
  if (in.has("changes")) view.changes = read_changes(in.object("changes"));
  view.digest = in.string("digest");
  for (const Json& sensor : in.array("sensors")) {
    view.sensors.push_back(read_sensor(Members(sensor, "a sensor of the summary document", fault)));
  }
  for (const Json& alert : in.array("alerts")) {
    view.alerts.push_back(read_alert(Members(alert, "an alert of the summary document", fault)));
  }
  if (in.has("layers_differ")) {
    for (const Json& line : in.array("layers_differ")) {
      view.layers_differ.push_back(
          read_difference(Members(line, "a line of \"layers_differ\" of the summary document", fault)));
    }
  }
  if (!fault.empty()) return make_error(ErrorCode::kInvalid, fault);
  return view;
}

}  // namespace sluice
