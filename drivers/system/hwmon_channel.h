// The names and units of hardware monitoring: Documentation/hwmon/sysfs-interface. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice::drivers {

struct HwmonChannel {
  std::string name;  // "temp1", "in0", "fan2"
  std::string unit;  // as published
  double divisor = 1;
  bool average = false;  // powerN_average: read where there is no powerN_input
};

std::optional<HwmonChannel> parse_hwmon_channel(std::string_view file);  // "temp1_input"; absent: not a value

}  // namespace sluice::drivers
