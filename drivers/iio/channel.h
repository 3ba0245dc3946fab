// The names of channels of the kernel's Industrial I/O, what their numbers are measured in, and where scale
// and offset are found: Documentation/ABI/testing/sysfs-bus-iio. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::drivers {

struct IioChannel {
  std::string name;      // "temp", "voltage0", "accel_x", "voltage0-voltage1"
  bool raw = false;      // value = (raw + offset) × scale; else the file holds the processed value
  std::string quantity;  // how it is published: "temperature", "voltage0", …
  std::string unit;      // of the published value
  double divisor = 1;    // from the kernel's unit to the published one
};

std::optional<IioChannel> parse_iio_channel(std::string_view file);  // "in_temp_input"; absent: not a value

// Where `scale` or `offset` of a channel may be, the most particular first: the channel's own, its kind's,
// the device's.
std::vector<std::string> iio_files_of(const std::string& channel, const std::string& what);

}  // namespace sluice::drivers
