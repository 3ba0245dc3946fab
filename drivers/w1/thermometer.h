// What a 1-wire thermometer says, and whether to believe it: DS18S20, DS1822, DS18B20, DS1825, DS28EA00 and
// what answers like them. The text is that of the kernel's w1_therm driver (w1_slave: nine bytes in hex, the
// verdict on their checksum, and t= with the temperature in thousandths of a degree). Pure, single-threaded.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace sluice::drivers {

bool is_thermometer(std::string_view id);  // "28-0316a2799bff"; the family is in the first two digits

Result<int> parse_w1_slave(std::string_view text);     // m°C
Result<int> parse_temperature(std::string_view text);  // m°C, of the attribute `temperature`

// A thermometer that has lost its power for a moment answers 85 °C, with a valid checksum. 85 is believed
// only next to a believed value within 10 °C that is not too old.
class PowerOnFilter {
 public:
  explicit PowerOnFilter(std::int64_t neighbour_max_ms) : neighbour_max_ms_(neighbour_max_ms) {}
  bool believe(int value_mdeg, std::int64_t boot_ms);

 private:
  std::int64_t neighbour_max_ms_;
  std::optional<int> last_mdeg_;
  std::int64_t last_boot_ms_ = 0;
};

}  // namespace sluice::drivers
