// Figures out of /proc/loadavg and /proc/meminfo (proc(5)). Pure functions.
#pragma once

#include <string_view>

#include "base/result.h"

namespace sluice::drivers {

Result<double> parse_load(std::string_view loadavg, int which);  // 0: 1 min, 1: 5 min, 2: 15 min
Result<double> parse_meminfo(std::string_view meminfo, std::string_view name);  // bytes

}  // namespace sluice::drivers
