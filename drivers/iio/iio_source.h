// The devices of the kernel's Industrial I/O: everything that it measures, of whatever kind. Owned by its
// SysfsDriver; single-threaded.
#pragma once

#include <string>
#include <vector>

#include "drivers/iio/channel.h"
#include "drivers/sysfs/attribute_source.h"
#include "drivers/sysfs/sysfs_driver.h"

namespace sluice::drivers {

class IioSource final : public AttributeSource {
 public:
  explicit IioSource(SysfsSettings settings);
  Result<std::vector<Attribute>> scan() override;

 private:
  struct Device {
    std::string folder;
    std::string name;   // the chip: "bme280"
    std::string label;  // from the device tree; mostly empty
    std::string id;     // where it is: "1-0076"
  };
  std::vector<Device> list_devices() const;
  void add_channels(const Device& device, const std::string& name, std::vector<Attribute>& attributes) const;

  SysfsSettings settings_;
  std::string folder_;
};

std::unique_ptr<Driver> make_iio(ConfigSection& section, Log& log);

}  // namespace sluice::drivers
