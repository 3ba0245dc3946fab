#include "drivers/iio/channel.h"

#include <algorithm>

namespace sluice::drivers {

namespace {

struct Kind {
  std::string_view name;
  std::string_view quantity;  // empty: as the kernel calls it
  std::string_view unit;
  double divisor;
};

// What is not in the list is published as it is, without a unit.
constexpr Kind kKinds[] = {
    {"temp", "temperature", "°C", 1000},
    {"humidityrelative", "humidity", "%", 1000},
    {"pressure", "", "kPa", 1},
    {"voltage", "", "V", 1000},
    {"altvoltage", "", "V", 1000},
    {"current", "", "A", 1000},
    {"power", "", "W", 1000},
    {"energy", "", "J", 1},
    {"illuminance", "", "lx", 1},
    {"resistance", "", "Ω", 1},
    {"capacitance", "", "nF", 1},
    {"concentration", "", "%", 1},
    {"massconcentration", "", "µg/m³", 1},
    {"electricalconductivity", "", "S/m", 1},
    {"accel", "", "m/s²", 1},
    {"gravity", "", "m/s²", 1},
    {"anglvel", "", "rad/s", 1},
    {"angl", "", "rad", 1},
    {"incli", "", "°", 1},
    {"magn", "", "G", 1},
    {"velocity", "", "m/s", 1},
    {"distance", "", "m", 1},
};

// "voltage0-voltage1" → "voltage-voltage", "accel_x" → "accel": how a kind is named that shares a scale.
std::string kind_of(std::string_view channel) {
  std::string kind;
  bool in_modifier = false;
  for (char c : channel) {
    if (c == '_') in_modifier = true;
    if (c == '-') in_modifier = false;
    if (!in_modifier && (c < '0' || c > '9')) kind += c;
  }
  return kind;
}

}  // namespace

std::optional<IioChannel> parse_iio_channel(std::string_view file) {
  constexpr std::string_view kPrefix = "in_";
  if (!file.starts_with(kPrefix)) return std::nullopt;
  bool raw = file.ends_with("_raw");
  if (!raw && !file.ends_with("_input")) return std::nullopt;
  std::string_view name = file.substr(kPrefix.size(), file.rfind('_') - kPrefix.size());
  if (file.rfind('_') < kPrefix.size()) return std::nullopt;
  IioChannel channel{std::string(name), raw, std::string(name), "", 1};
  std::string kind = kind_of(name);
  kind = kind.substr(0, kind.find('-'));
  const Kind* known = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&kind](const Kind& candidate) { return candidate.name == kind; });
  if (known == std::end(kKinds)) return channel;
  if (!known->quantity.empty()) channel.quantity.replace(0, kind.size(), known->quantity);
  channel.unit = known->unit;
  channel.divisor = known->divisor;
  return channel;
}

std::vector<std::string> iio_files_of(const std::string& channel, const std::string& what) {
  return {"in_" + channel + "_" + what, "in_" + kind_of(channel) + "_" + what, "in_" + what, what};
}

}  // namespace sluice::drivers
