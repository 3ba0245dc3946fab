#include "drivers/w1/w1_source.h"

#include <algorithm>

#include "drivers/sysfs/sysfs_tree.h"

namespace sluice::drivers {

namespace {

constexpr std::int64_t kNeighbourMinMs = 600'000;
constexpr int kNeighbourIntervals = 3;
constexpr std::size_t kSensorsMax = 1000;

}  // namespace

W1Source::W1Source(SysfsSettings settings)
    : settings_(std::move(settings)), folder_(settings_.sysfs + "/bus/w1/devices/") {}

Result<std::vector<Attribute>> W1Source::scan() {
  std::vector<Attribute> attributes;
  if (filters_.size() > kSensorsMax)
    filters_.clear();  // sensors come and go; between rounds nobody holds one
  bool any = false;
  for (const auto& [id, name] : settings_.chosen) {
    attributes.push_back(make_attribute(id, name.empty() ? id : name));
    any = any || file_exists(folder_ + id);
  }
  if (any) return attributes;
  if (!attributes.empty()) return none("thermometer of the list");
  for (const std::string& id : list_folder(folder_))
    if (is_thermometer(id) && attributes.size() < kSensorsMax) attributes.push_back(make_attribute(id, id));
  if (attributes.empty()) return none("thermometer");
  return attributes;
}

Error W1Source::none(const std::string& what) const {
  return make_error(ErrorCode::kNotFound,
                    "there is no " + what + " in " + folder_ +
                        "; check the wiring, and that the kernel drives the bus (on a Raspberry Pi: "
                        "dtoverlay=w1-gpio in config.txt)");
}

Attribute W1Source::make_attribute(const std::string& id, const std::string& name) {
  std::string device = folder_ + id;
  // w1_slave also tells a shorted bus from 0 °C.
  bool raw = file_exists(device + "/w1_slave") || !file_exists(device + "/temperature");
  std::int64_t neighbour_max_ms = std::max(kNeighbourMinMs, kNeighbourIntervals * settings_.interval_ms);
  PowerOnFilter& filter = filters_.try_emplace(id, neighbour_max_ms).first->second;
  Attribute attribute;
  attribute.topic = fill_topic(settings_.topic, name, "temperature");
  attribute.unit = "°C";
  attribute.files = {device + (raw ? "/w1_slave" : "/temperature")};
  attribute.meaning = [raw, &filter](const Attribute::Texts& texts, Instant now) -> Result<double> {
    Result<int> value_mdeg = raw ? parse_w1_slave(texts[0]) : parse_temperature(texts[0]);
    if (!value_mdeg) return value_mdeg.error();
    if (!filter.believe(*value_mdeg, now.boot_ms))
      return make_error(ErrorCode::kCorrupt,
                        "85 °C out of nowhere is what a sensor says after a loss of power; check its supply");
    return *value_mdeg / 1000.0;
  };
  return attribute;
}

std::unique_ptr<Driver> make_w1(ConfigSection& section, Log& log) {
  SysfsSettings settings = read_sysfs_settings(section, "w1", "w1/{device}/temperature", "sensors");
  for (const auto& [id, name] : settings.chosen)
    if (!is_thermometer(id))
      section.reject("sensors", "'" + id + "' is no thermometer's id; expected one such as 28-0316a2799bff");
  return std::make_unique<SysfsDriver>(settings, std::make_unique<W1Source>(settings), log);
}

}  // namespace sluice::drivers
