#include "summary/document.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "base/sha256.h"
#include "base/time_text.h"

namespace sluice {

namespace {

// Length of the well-formed UTF-8 sequence at `at`; 0: there is none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  auto in = [](unsigned value, unsigned low, unsigned high) { return value >= low && value <= high; };
  const unsigned a = byte(at), b = byte(at + 1);
  if (a < 0x80) return 1;
  if (in(a, 0xC2, 0xDF)) return in(b, 0x80, 0xBF) ? 2 : 0;
  const bool third = in(byte(at + 2), 0x80, 0xBF);
  if (in(a, 0xE0, 0xEF)) return in(b, a == 0xE0 ? 0xA0 : 0x80, a == 0xED ? 0x9F : 0xBF) && third ? 3 : 0;
  if (!in(a, 0xF0, 0xF4)) return 0;
  return in(b, a == 0xF0 ? 0x90 : 0x80, a == 0xF4 ? 0x8F : 0xBF) && third && in(byte(at + 3), 0x80, 0xBF) ? 4
                                                                                                          : 0;
}

// Writes members one after the other; the caller opens and closes what holds them.
class Writer {
 public:
  void open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
  }
  void close(char bracket) {
    text_ += bracket;
    first_ = false;
  }
  Writer& name(std::string_view name) {
    separate();
    quote(name);
    text_ += ':';
    first_ = true;
    return *this;
  }
  void string(std::string_view value) {
    separate();
    quote(value);
  }
  void time(std::int64_t ms) { string(format_rfc3339(ms)); }
  void boolean(bool value) { plain(value ? "true" : "false"); }
  void null() { plain("null"); }
  void integer(std::uint64_t value) { plain(std::to_string(value)); }
  void difference(std::int64_t value) { plain(std::to_string(value)); }
  void number(double value) {
    if (!std::isfinite(value)) return null();  // JSON has no other word for it
    char digits[32];
    plain(std::string_view(digits,
                           static_cast<std::size_t>(std::to_chars(digits, digits + 32, value).ptr - digits)));
  }
  std::string take() { return std::move(text_); }

 private:
  void separate() {
    if (!first_) text_ += ',';
    first_ = false;
  }
  void plain(std::string_view token) {
    separate();
    text_ += token;
  }
  void quote(std::string_view value);

  std::string text_;
  bool first_ = true;
};

void Writer::quote(std::string_view value) {
  static constexpr char kHex[] = "0123456789abcdef";
  text_ += '"';
  for (std::size_t i = 0; i < value.size();) {
    const auto byte = static_cast<unsigned char>(value[i]);
    const std::size_t length = utf8_length(value, i);
    if (length == 0) {
      text_ += "\xEF\xBF\xBD";  // U+FFFD
    } else if (byte < 0x20 || byte == 0x7F) {
      text_ += "\\u00";
      text_ += kHex[byte >> 4];
      text_ += kHex[byte & 15];
    } else {
      if (byte == '"' || byte == '\\') text_ += '\\';
      text_ += value.substr(i, length);
    }
    i += length == 0 ? 1 : length;
  }
  text_ += '"';
}

void write_states(Writer& out, const StateTimes& times) {
  auto line = [&](std::optional<double> value, std::int64_t time_ms) {
    out.open('{');
    out.name("value");
    value ? out.number(*value) : out.null();
    out.name("time_s").number(static_cast<double>(time_ms) / 1000.0);
    out.close('}');
  };
  out.name("transitions").integer(times.transitions);
  out.name("states").open('[');
  for (const StateTime& state : times.states) line(state.value, state.time_ms);
  if (times.others_ms > 0) line(std::nullopt, times.others_ms);
  out.close(']');
}

// One array a figure: a third of the bytes that an object an hour would take.
void write_hours(Writer& out, const std::vector<HourRow>& hours) {
  out.name("hours").open('{');
  out.name("count").open('[');
  for (const HourRow& hour : hours) out.integer(hour.count);
  out.close(']');
  const std::pair<const char*, double HourRow::*> figures[] = {
      {"min", &HourRow::min}, {"mean", &HourRow::mean}, {"max", &HourRow::max}};
  for (const auto& [name, figure] : figures) {
    out.name(name).open('[');
    for (const HourRow& hour : hours) hour.count > 0 ? out.number(hour.*figure) : out.null();
    out.close(']');
  }
  out.close('}');
}

void write_statistics(Writer& out, const SummaryView::Sensor& sensor) {
  out.name("kind").string(sensor_kind_word(sensor.kind));
  if (sensor.sum) out.name("sum").number(*sensor.sum);
  if (sensor.time_weighted_mean) out.name("time_weighted_mean").number(*sensor.time_weighted_mean);
  if (sensor.increase) {
    out.name("increase").number(sensor.increase->value);
    out.name("resets").integer(sensor.increase->resets);
  }
  if (sensor.states) write_states(out, *sensor.states);
  if (sensor.in_alert_by_rule_s) {
    out.name("in_alert_by_rule_s").open('{');
    for (const auto& [rule, time_s] : *sensor.in_alert_by_rule_s) out.name(rule).number(time_s);
    out.close('}');
  }
  if (sensor.hours) write_hours(out, *sensor.hours);
}

void write_sensor(Writer& out, const SummaryView::Sensor& sensor) {
  out.open('{');
  out.name("sensor").string(sensor.sensor);
  out.name("unit").string(sensor.unit);
  out.name("labels").open('{');
  for (const auto& [label, value] : sensor.labels) out.name(label).string(value);
  out.close('}');
  out.name("count").integer(sensor.count);
  out.name("min").number(sensor.min);
  out.name("min_at").time(sensor.min_at_ms);
  out.name("max").number(sensor.max);
  out.name("max_at").time(sensor.max_at_ms);
  out.name("mean").number(sensor.mean);
  out.name("stddev").number(sensor.stddev);
  out.name("p5").number(sensor.p5);
  out.name("p50").number(sensor.p50);
  out.name("p95").number(sensor.p95);
  out.name("p99").number(sensor.p99);
  out.name("first").number(sensor.first);
  out.name("last").number(sensor.last);
  out.name("coverage");
  sensor.coverage ? out.number(*sensor.coverage) : out.null();
  out.name("longest_gap_s").number(sensor.longest_gap_s);
  out.name("in_alert_s").number(sensor.in_alert_s);
  write_statistics(out, sensor);
  out.close('}');
}

void write_alert(Writer& out, const SummaryView::Alert& alert) {
  out.open('{');
  out.name("id").string(alert.id);
  out.name("alert").string(alert.alert);
  out.name("sensor").string(alert.sensor);
  out.name("severity").string(alert.severity);
  out.name("since").time(alert.since_ms);
  out.name("until");
  alert.until_ms ? out.time(*alert.until_ms) : out.null();
  out.name("value").number(alert.value);
  out.name("threshold").number(alert.threshold);
  out.close('}');
}

void write_tally(Writer& out, const Tally& tally) {
  out.open('{');
  out.name("count").integer(tally.count);
  out.name("min").number(tally.min);
  out.name("max").number(tally.max);
  out.name("sum").number(tally.sum);
  out.close('}');
}

void write_difference(Writer& out, const SummaryView::Difference& difference) {
  out.open('{');
  out.name("sensor").string(difference.sensor);
  out.name("on_arrival");
  write_tally(out, difference.on_arrival);
  out.name("in_table");
  write_tally(out, difference.in_table);
  out.close('}');
}

}  // namespace

std::string summary_to_json(const SummaryView& summary) {
  Writer out;
  out.open('{');
  out.name("schema").string(kSummarySchema);
  out.name("gateway").string(summary.gateway);
  out.name("date").string(format_date(summary.day));
  out.name("timezone").string(summary.timezone);
  out.name("from").time(summary.from_ms);
  out.name("to").time(summary.to_ms);
  out.name("revision").integer(static_cast<std::uint64_t>(summary.revision));
  out.name("complete").boolean(summary.complete);
  out.name("counts").open('{');
  out.name("stored").integer(summary.counts.stored);
  out.name("duplicate").integer(summary.counts.duplicate);
  out.name("late").integer(summary.counts.late);
  out.name("rejected").integer(summary.counts.rejected);
  out.name("dropped").integer(summary.counts.dropped);
  out.close('}');
  if (summary.changes) {
    out.name("changes").open('{');
    out.name("stored").difference(summary.changes->stored);
    out.name("duplicate").difference(summary.changes->duplicate);
    out.name("late").difference(summary.changes->late);
    out.name("rejected").difference(summary.changes->rejected);
    out.name("dropped").difference(summary.changes->dropped);
    out.name("sensors").integer(summary.changes->sensors);
    out.close('}');
  }
  out.name("digest").string(summary.digest);
  out.name("sensors").open('[');
  for (const auto& sensor : summary.sensors) write_sensor(out, sensor);
  out.close(']');
  out.name("alerts").open('[');
  for (const auto& alert : summary.alerts) write_alert(out, alert);
  out.close(']');
  if (!summary.layers_differ.empty()) {
    out.name("layers_differ").open('[');
    for (const auto& difference : summary.layers_differ) write_difference(out, difference);
    out.close(']');
  }
  out.close('}');
  return out.take() + "\n";
}

bool same_figures(const SummaryView::Sensor& a, const SummaryView::Sensor& b) {
  Writer one, other;
  write_sensor(one, a);
  write_sensor(other, b);
  return one.take() == other.take();
}

std::string summary_key(const SummaryView& summary, const std::string& body) {
  return summary.gateway + "/" + format_date(summary.day) + "/" + std::to_string(summary.revision) + "/" +
         sha256_hex(body).substr(0, 16);
}

}  // namespace sluice
