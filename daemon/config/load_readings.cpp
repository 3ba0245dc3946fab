// readings: what to subscribe to and how to read it. sensors: what is known of the sensors.
#include <algorithm>

#include "config/names.h"
#include "config/sections.h"
#include "decode/decoder.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

// A check in decode/ says what is wrong in one text, mostly "what; what to do". `key` is where it is wrong.
void refuse(MapReader& reader, const std::string& key, const std::string& context) {
  std::size_t middle = context.find("; ");
  reader.wrong(key, context.substr(0, middle),
               middle == std::string::npos ? "expected an entry as in the sample configuration"
                                           : context.substr(middle + 2));
}

// What only the decoder can judge; its texts begin with the key they are about.
void check_entry(MapReader& reader, const ReadingsEntry& entry) {
  Status checked = check_readings_entry(entry);
  if (checked.ok()) return;
  const std::string& context = checked.error().context;
  std::size_t colon = context.find(": ");
  std::string key = context.substr(0, colon);
  if (colon != std::string::npos && reader.given(key)) {
    refuse(reader, key, context.substr(colon + 2));
  } else {
    refuse(reader, "", context);
  }
}

// The first matching entry decodes, so an entry behind one that takes all its topics is never reached.
void check_reachable(MapReader& reader, const std::vector<ReadingsEntry>& earlier,
                     const ReadingsEntry& entry) {
  for (std::size_t i = 0; i < earlier.size(); ++i) {
    if (!check_topic_filter(earlier[i].topic).ok() || !filter_covers(earlier[i].topic, entry.topic)) continue;
    reader.wrong("topic",
                 "is never reached, because readings[" + std::to_string(i) + "] takes all of its topics",
                 "expected the narrower topic before the wider one " + in_quotes(earlier[i].topic));
    return;
  }
}

void load_fields(MapReader& reader, std::vector<std::string>& fields) {
  reader.each_text("fields", [&](const std::string& field, Position at) {
    if (std::find(fields.begin(), fields.end(), field) != fields.end()) {
      reader.wrong_at(at, "fields", in_quotes(field) + " is given twice", "expected each field once");
    } else {
      fields.push_back(field);
    }
  });
}

void load_entry(MapReader& reader, DecodeSettings& decode) {
  ReadingsEntry entry;
  reader.required("topic", "a topic filter such as \"sensors/+/temperature\"");
  load_filter(reader, "topic", entry.topic);
  reader.number("qos", entry.qos, 0, 2);
  reader.choice("format", entry.format, payload_format_words());
  reader.text("value", entry.value);
  reader.text("time", entry.time);
  reader.choice("time_format", entry.time_format, time_format_words());
  load_fields(reader, entry.fields);
  reader.text("each", entry.each);
  reader.text("sensor", entry.sensor);
  reader.reals("states", entry.states);
  reader.text("unit", entry.unit);
  reader.text("unit_at", entry.unit_at);
  reader.choice("retained", entry.retained, retained_words());
  if (reader.clean()) check_entry(reader, entry);
  if (reader.clean()) check_reachable(reader, decode.readings, entry);
  decode.readings.push_back(std::move(entry));
}

void load_sensor(MapReader& reader, DecodeSettings& decode) {
  SensorEntry entry;
  reader.required("sensor", "a filter over the names of sensors such as \"sensors/+/temperature\"");
  load_filter(reader, "sensor", entry.sensor);
  entry.scale = reader.real("scale");
  if (entry.scale && *entry.scale == 0) {
    reader.wrong("scale", "is 0, which makes every value the same", "expected another number");
  }
  entry.offset = reader.real("offset");
  entry.plausible = reader.interval("plausible");
  reader.reals("invalid", entry.invalid);
  if (milliseconds every{}; reader.duration("every", every, milliseconds(1), hours(24 * 365))) {
    entry.every = every;
  }
  if (SensorKind kind{}; reader.choice("kind", kind, sensor_kind_words())) entry.kind = kind;
  if (std::string unit; reader.text("unit", unit)) entry.unit = unit;
  reader.texts("labels", entry.labels);
  decode.sensors.push_back(std::move(entry));
}

}  // namespace

void load_filter(MapReader& reader, const std::string& key, std::string& filter) {
  if (!reader.text(key, filter)) return;
  if (Status checked = check_topic_filter(filter); !checked.ok()) {
    reader.wrong(key, checked.error().context,
                 "expected a filter such as \"sensors/+/temperature\" or \"#\"");
  }
}

void load_readings(MapReader& root, Settings& settings, bool needed) {
  DecodeSettings& decode = settings.decode;
  if (needed) root.required("readings", "at least one entry with a topic to subscribe to");
  auto entries = root.each("readings", [&](MapReader& reader) { load_entry(reader, decode); });
  if (needed && entries && *entries == 0) {
    root.wrong("readings", "has no entry", "expected at least one entry with a topic to subscribe to");
  }
  root.each("sensors", [&](MapReader& reader) { load_sensor(reader, decode); });
}

}  // namespace sluice
