#include "drivers/iio/iio_source.h"

#include <algorithm>

#include "drivers/sysfs/sysfs_tree.h"

namespace sluice::drivers {

namespace {

constexpr std::size_t kValuesMax = 1000;

// (raw + offset) × scale, as far as there are such files; then the unit that is published.
Attribute::Meaning meaning_of(double divisor, bool has_offset, bool has_scale) {
  return [=](const Attribute::Texts& texts, Instant) -> Result<double> {
    Result<double> value = scaled(texts[0], 1);
    std::size_t at = 1;
    if (value && has_offset) {
      Result<double> offset = scaled(texts[at++], 1);
      value = offset ? Result<double>(*value + *offset) : offset;
    }
    if (value && has_scale) {
      Result<double> scale = scaled(texts[at++], 1);
      value = scale ? Result<double>(*value * *scale) : scale;
    }
    if (!value) return value;
    return *value / divisor;
  };
}

// The first of the places of `what` that is there; empty: none.
std::string find_file(const std::string& folder, const std::string& channel, const std::string& what) {
  for (const std::string& file : iio_files_of(channel, what))
    if (file_exists(folder + file)) return folder + file;
  return "";
}

}  // namespace

IioSource::IioSource(SysfsSettings settings)
    : settings_(std::move(settings)), folder_(settings_.sysfs + "/bus/iio/devices/") {}

std::vector<IioSource::Device> IioSource::list_devices() const {
  std::vector<Device> devices;
  for (const std::string& entry : list_folder(folder_)) {
    if (!entry.starts_with("iio:device")) continue;
    std::string folder = folder_ + entry + "/";
    Device device{folder, read_name(folder + "name"), read_name(folder + "label"),
                  parent_of(folder_ + entry)};
    if (device.name.empty()) device.name = entry;
    if (device.id.empty()) device.id = entry;
    devices.push_back(std::move(device));
  }
  return devices;
}

Result<std::vector<Attribute>> IioSource::scan() {
  std::vector<Attribute> attributes;
  std::vector<Device> devices = list_devices();
  if (settings_.chosen.empty()) {
    for (const Device& device : devices) {
      std::string name = device.label.empty() ? device.name + "-" + device.id : device.label;
      add_channels(device, topic_level(name), attributes);
    }
  }
  for (const auto& [wanted, given] : settings_.chosen) {
    std::size_t before = attributes.size();
    std::string name = given.empty() ? topic_level(wanted) : given;
    for (const Device& device : devices)
      if (wanted == device.id || wanted == device.name || wanted == device.label)
        add_channels(device, name, attributes);
    if (attributes.size() > before) continue;
    Attribute absent;
    absent.topic = fill_topic(settings_.topic, name, "-");
    absent.meaning = [this, missing = wanted](const Attribute::Texts&, Instant) -> Result<double> {
      return make_error(ErrorCode::kNotFound, "no device '" + missing + "' with a channel in " + folder_ +
                                                  "; check the wiring and the address");
    };
    attributes.push_back(std::move(absent));
  }
  if (attributes.empty())
    return make_error(
        ErrorCode::kNotFound,
        "there is no device in " + folder_ +
            "; check that the kernel has its driver (on a Raspberry Pi: dtoverlay=i2c-sensor,bme280 "
            "or the like in config.txt)");
  return attributes;
}

void IioSource::add_channels(const Device& device, const std::string& name,
                             std::vector<Attribute>& attributes) const {
  for (const std::string& file : list_folder(device.folder)) {
    std::optional<IioChannel> channel = parse_iio_channel(file);
    if (!channel || attributes.size() >= kValuesMax) continue;
    if (channel->raw && file_exists(device.folder + "in_" + channel->name + "_input")) continue;
    std::string label = read_name(device.folder + "in_" + channel->name + "_label");
    std::string offset = channel->raw ? find_file(device.folder, channel->name, "offset") : "";
    std::string scale = channel->raw ? find_file(device.folder, channel->name, "scale") : "";
    Attribute attribute;
    attribute.topic =
        fill_topic(settings_.topic, name, topic_level(label.empty() ? channel->quantity : label));
    attribute.unit = channel->unit;
    attribute.files = {device.folder + file};
    if (!offset.empty()) attribute.files.push_back(offset);
    if (!scale.empty()) attribute.files.push_back(scale);
    attribute.meaning = meaning_of(channel->divisor, !offset.empty(), !scale.empty());
    attributes.push_back(std::move(attribute));
  }
}

std::unique_ptr<Driver> make_iio(ConfigSection& section, Log& log) {
  SysfsSettings settings = read_sysfs_settings(section, "iio", "iio/{device}/{channel}", "devices");
  if (settings.topic.find("{channel}") == std::string::npos)
    section.reject("topic", "the topic needs '{channel}': a device has several");
  return std::make_unique<SysfsDriver>(settings, std::make_unique<IioSource>(settings), log);
}

}  // namespace sluice::drivers
