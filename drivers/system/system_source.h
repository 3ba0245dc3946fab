// The machine itself: temperatures, voltages and fans, load, memory, disks, uptime, and under-voltage on a
// Raspberry Pi. Owned by its SysfsDriver; single-threaded.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drivers/sysfs/attribute_source.h"
#include "drivers/sysfs/sysfs_driver.h"

namespace sluice::drivers {

struct SystemSettings {
  SysfsSettings common;
  std::string proc = "/proc";
  std::string device;                                                        // {device} of the topic
  std::vector<std::pair<std::string, std::string>> disks = {{"root", "/"}};  // name → a folder on it
  bool load = true;
  bool memory = true;
  bool uptime = true;
  bool thermal = true;
  bool hwmon = true;
};

class SystemSource final : public AttributeSource {
 public:
  explicit SystemSource(SystemSettings settings);
  Result<std::vector<Attribute>> scan() override;

 private:
  void add(const std::string& channel, const std::string& unit, std::vector<std::string> files,
           Attribute::Meaning meaning);
  void add_load_and_memory();
  void add_disks();
  void add_thermal_zones();
  void add_hwmon();
  void add_chip(const std::string& folder, const std::string& chip);

  SystemSettings settings_;
  std::vector<Attribute> attributes_;  // in the making
};

std::unique_ptr<Driver> make_system(ConfigSection& section, Log& log);

}  // namespace sluice::drivers
