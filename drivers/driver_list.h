// The list of all drivers, in one place: the name used in `driver:` and the function that makes one from its
// section of the configuration. A new driver is one folder and one line in driver_list.cpp.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/log.h"
#include "drivers/config_section.h"
#include "drivers/driver.h"

namespace sluice::drivers {

// Null for a name that is not on the list. What is wrong with the settings is told to the section.
std::unique_ptr<Driver> make_driver(std::string_view driver, ConfigSection& section, Log& log);
std::string driver_names();  // "replay, simulate"

}  // namespace sluice::drivers
