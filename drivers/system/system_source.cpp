#include "drivers/system/system_source.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include "drivers/sysfs/sysfs_tree.h"
#include "drivers/system/hwmon_channel.h"
#include "drivers/system/proc_text.h"

namespace sluice::drivers {

namespace {

constexpr std::size_t kValuesMax = 1000;
// 1-wire thermometers appear there too; to read one takes a second, and w1 does it better.
constexpr std::string_view kW1Chip = "w1_slave_temp";
constexpr std::string_view kRaspberryPiSupply = "rpi_volt";

Attribute::Meaning number(double divisor) {
  return [divisor](const Attribute::Texts& texts, Instant) { return scaled(texts[0], divisor); };
}

Result<struct statvfs> disk_of(const std::string& path) {
  struct statvfs disk {};
  const bool found = statvfs(path.c_str(), &disk) == 0;
  if (found && disk.f_blocks > 0) return disk;
  return make_error(ErrorCode::kNotFound, path + ": " + (found ? "holds no blocks" : strerror(errno)) +
                                              "; check the path under 'disks'");
}

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

// A name each: where two have one, each is told apart by `other`.
std::vector<std::string> distinct(std::vector<std::string> names, const std::vector<std::string>& others) {
  std::map<std::string, int> count;
  for (const std::string& name : names) ++count[name];
  for (std::size_t i = 0; i < names.size(); ++i)
    if (count[names[i]] > 1) names[i] += "-" + others[i];
  return names;
}

}  // namespace

SystemSource::SystemSource(SystemSettings settings) : settings_(std::move(settings)) {}

Result<std::vector<Attribute>> SystemSource::scan() {
  attributes_.clear();
  add_load_and_memory();
  add_disks();
  if (settings_.thermal) add_thermal_zones();
  if (settings_.hwmon) add_hwmon();
  if (attributes_.empty())
    return make_error(ErrorCode::kNotFound, "there is nothing to read; switch more of the driver's keys on");
  return std::move(attributes_);
}

void SystemSource::add(const std::string& channel, const std::string& unit, std::vector<std::string> files,
                       Attribute::Meaning meaning) {
  if (attributes_.size() >= kValuesMax) return;
  attributes_.push_back({fill_topic(settings_.common.topic, settings_.device, channel), unit,
                         std::move(files), std::move(meaning)});
}

void SystemSource::add_load_and_memory() {
  if (settings_.load) {
    const char* names[] = {"load1", "load5", "load15"};
    for (int which = 0; which < 3; ++which)
      add(names[which], "", {settings_.proc + "/loadavg"},
          [which](const Attribute::Texts& texts, Instant) { return parse_load(texts[0], which); });
  }
  if (settings_.memory) {
    std::string meminfo = settings_.proc + "/meminfo";
    add("memory/available", "B", {meminfo},
        [](const Attribute::Texts& texts, Instant) { return parse_meminfo(texts[0], "MemAvailable"); });
    add("memory/used", "%", {meminfo}, [](const Attribute::Texts& texts, Instant) -> Result<double> {
      Result<double> total = parse_meminfo(texts[0], "MemTotal");
      Result<double> available = parse_meminfo(texts[0], "MemAvailable");
      if (!total) return total;
      if (!available) return available;
      return 100 * (1 - *available / *total);
    });
  }
  if (settings_.uptime)
    add("uptime", "s", {}, [](const Attribute::Texts&, Instant now) -> Result<double> {
      const std::int64_t whole_s = now.boot_ms / 1000;
      return static_cast<double>(whole_s);
    });
}

// As df shows them: what is kept for root counts as neither used nor free.
void SystemSource::add_disks() {
  for (const auto& [name, path] : settings_.disks) {
    add("disk/" + topic_level(name) + "/free", "B", {},
        [path = path](const Attribute::Texts&, Instant) -> Result<double> {
          Result<struct statvfs> disk = disk_of(path);
          if (!disk) return disk.error();
          return static_cast<double>(disk->f_bavail) * static_cast<double>(disk->f_frsize);
        });
    add("disk/" + topic_level(name) + "/used", "%", {},
        [path = path](const Attribute::Texts&, Instant) -> Result<double> {
          Result<struct statvfs> disk = disk_of(path);
          if (!disk) return disk.error();
          auto used = static_cast<double>(disk->f_blocks - disk->f_bfree);
          return 100 * used / std::max(used + static_cast<double>(disk->f_bavail), 1.0);
        });
  }
}

void SystemSource::add_thermal_zones() {
  std::string folder = settings_.common.sysfs + "/class/thermal/";
  std::vector<std::string> zones;
  std::vector<std::string> types;
  for (const std::string& zone : list_folder(folder)) {
    if (!zone.starts_with("thermal_zone")) continue;
    zones.push_back(zone);
    types.push_back(topic_level(read_name(folder + zone + "/type")));
  }
  std::vector<std::string> names = distinct(types, zones);
  for (std::size_t i = 0; i < zones.size(); ++i)
    add("thermal/" + names[i], "°C", {folder + zones[i] + "/temp"}, number(1000));
}

void SystemSource::add_hwmon() {
  std::string folder = settings_.common.sysfs + "/class/hwmon/";
  std::vector<std::string> chips;
  std::vector<std::string> names;
  std::vector<std::string> devices;
  for (const std::string& chip : list_folder(folder)) {
    std::string name = read_name(folder + chip + "/name");
    if (name.empty() || name == kW1Chip) continue;
    chips.push_back(folder + chip + "/");
    names.push_back(topic_level(name));
    std::string device = device_behind(folder + chip + "/device");
    devices.push_back(topic_level(device.empty() ? chip : device));
  }
  std::vector<std::string> distinct_names = distinct(names, devices);
  for (std::size_t i = 0; i < chips.size(); ++i) {
    add_chip(chips[i], distinct_names[i]);
    std::string alarm = chips[i] + "in0_lcrit_alarm";
    if (names[i] == kRaspberryPiSupply && file_exists(alarm)) add("under_voltage", "", {alarm}, number(1));
  }
}

void SystemSource::add_chip(const std::string& folder, const std::string& chip) {
  std::vector<HwmonChannel> channels;
  std::vector<std::string> labels;
  std::vector<std::string> names;
  for (const std::string& file : list_folder(folder)) {
    std::optional<HwmonChannel> channel = parse_hwmon_channel(file);
    if (!channel || (channel->average && file_exists(folder + channel->name + "_input"))) continue;
    std::string label = read_name(folder + channel->name + "_label");
    labels.push_back(topic_level(label.empty() ? channel->name : label));
    names.push_back(channel->name);
    channels.push_back(std::move(*channel));
  }
  labels = distinct(std::move(labels), names);
  for (std::size_t i = 0; i < channels.size(); ++i) {
    std::string base = folder + names[i];
    std::vector<std::string> files = {base + (channels[i].average ? "_average" : "_input")};
    if (file_exists(base + "_fault")) files.push_back(base + "_fault");
    add("hwmon/" + chip + "/" + labels[i], channels[i].unit, files,
        [divisor = channels[i].divisor](const Attribute::Texts& texts, Instant) -> Result<double> {
          if (texts.size() > 1 && texts[1] == "1")
            return make_error(ErrorCode::kUnavailable, "the chip says that this sensor is faulty or absent");
          return scaled(texts[0], divisor);
        });
  }
}

std::unique_ptr<Driver> make_system(ConfigSection& section, Log& log) {
  SystemSettings settings;
  settings.common = read_sysfs_settings(section, "system", "system/{device}/{channel}", "");
  if (settings.common.topic.find("{channel}") == std::string::npos)
    section.reject("topic", "the topic needs '{channel}': a machine has several");
  settings.proc = section.text("proc", settings.proc);
  settings.device = topic_level(section.text("device", host_name()));
  if (section.has("disks")) settings.disks = section.pairs("disks");
  settings.load = section.flag("load", settings.load);
  settings.memory = section.flag("memory", settings.memory);
  settings.uptime = section.flag("uptime", settings.uptime);
  settings.thermal = section.flag("thermal", settings.thermal);
  settings.hwmon = section.flag("hwmon", settings.hwmon);
  return std::make_unique<SysfsDriver>(settings.common, std::make_unique<SystemSource>(settings), log);
}

}  // namespace sluice::drivers
