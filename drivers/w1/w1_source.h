// The thermometers on the 1-wire buses that the kernel drives. Owned by its SysfsDriver; single-threaded.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "drivers/sysfs/attribute_source.h"
#include "drivers/sysfs/sysfs_driver.h"
#include "drivers/w1/thermometer.h"

namespace sluice::drivers {

class W1Source final : public AttributeSource {
 public:
  explicit W1Source(SysfsSettings settings);
  Result<std::vector<Attribute>> scan() override;

 private:
  Attribute make_attribute(const std::string& id, const std::string& name);
  Error none(const std::string& what) const;

  SysfsSettings settings_;
  std::string folder_;
  std::map<std::string, PowerOnFilter> filters_;  // one a sensor ever seen
};

std::unique_ptr<Driver> make_w1(ConfigSection& section, Log& log);

}  // namespace sluice::drivers
