// derived: sensors whose readings are computed from those of others.
#include <algorithm>

#include "config/names.h"
#include "config/quantity.h"
#include "config/sections.h"
#include "decode/expression.h"
#include "decode/name_template.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr std::size_t kDerivedMax = 1000;
constexpr std::size_t kInputsMax = 16;

void check_sensor_name(MapReader& reader, const std::string& key, const std::string& name) {
  if (!is_sensor_name(name)) {
    reader.wrong(key, "is " + in_quotes(name), "expected the name of one sensor, such as room/dew_point");
  }
}

void load_inputs(MapReader& reader, DerivedSensor& derived) {
  reader.each_member("inputs", [&](MapReader& member) {
    DerivedInput input;
    input.name = member.name();
    const bool plain =
        input.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") ==
        std::string::npos;
    if (input.name.empty() || !plain || (input.name[0] >= '0' && input.name[0] <= '9') ||
        is_function_name(input.name)) {
      member.wrong("", "is no name for an input",
                   "expected letters, digits and _, beginning with a letter, and not the name of a function");
    }
    member.required("sensor", "the name of a sensor, such as room/temperature");
    if (member.text("sensor", input.sensor)) check_sensor_name(member, "sensor", input.sensor);
    member.duration("within", input.within, seconds(1), hours(24 * 31));
    derived.inputs.push_back(std::move(input));
  });
  if (derived.inputs.size() > kInputsMax) {
    reader.wrong("inputs", "has " + std::to_string(derived.inputs.size()) + " members",
                 "expected at most 16");
  }
}

void check_value(MapReader& reader, const DerivedSensor& derived) {
  std::vector<std::string> names;
  for (const DerivedInput& input : derived.inputs) names.push_back(input.name);
  auto value = Expression::parse(derived.value, names);
  if (!value) {
    const std::string& context = value.error().context;
    const std::size_t middle = context.find("; ");
    reader.wrong("value", context.substr(0, middle), context.substr(middle + 2));
    return;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (value->uses(i)) continue;
    reader.wrong("value", "does not use the input " + in_quotes(names[i]),
                 "expected it to, or no such input");
  }
}

}  // namespace

void load_derived(MapReader& root, Settings& settings) {
  std::vector<DerivedSensor>& all = settings.decode.derived;
  std::map<std::string, Position> places;
  root.each("derived", [&](MapReader& reader) {
    DerivedSensor derived;
    reader.required("name", "the name of the sensor that it makes, such as room/dew_point");
    if (reader.text("name", derived.name)) {
      check_sensor_name(reader, "name", derived.name);
      if (!places.emplace(derived.name, reader.at("name")).second) {
        reader.wrong("name", in_quotes(derived.name) + " is given twice", "expected a name of its own");
      }
    }
    reader.required("inputs", "what it is computed from, such as { t: { sensor: room/temperature } }");
    load_inputs(reader, derived);
    reader.required("value", "an expression over the inputs, such as (a + b) / 2");
    if (reader.text("value", derived.value) && reader.clean()) check_value(reader, derived);
    reader.text("unit", derived.unit);
    all.push_back(std::move(derived));
  });
  if (all.size() > kDerivedMax) {
    root.wrong("derived", "has " + std::to_string(all.size()) + " entries", "expected at most 1000");
    return;
  }
  const std::vector<std::string> loop = order_of(all).loop;
  if (loop.empty() || loop.front().empty()) return;
  std::string way;
  for (const std::string& name : loop) way += (way.empty() ? "" : " from ") + in_quotes(name);
  root.wrong_at(places[loop.front()], "derived", "is made from itself: " + way,
                "expected no sensor to be derived from what is derived from it");
}

}  // namespace sluice
