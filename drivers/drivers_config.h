// The configuration of sluice-drivers: the broker, the buffer and the list of drivers, each made from its own
// section. Loading touches nothing but the configuration file and the password file it names.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "drivers/mqtt_output.h"
#include "drivers/runner.h"

namespace sluice::drivers {

struct DriversConfig {
  MqttSettings mqtt;
  LogLevel log_level = LogLevel::kInfo;
  std::vector<NamedDriver> drivers;
};

// An error holds one line a mistake, each file:line:column. `log` is what the drivers will report to.
Result<DriversConfig> load_config(const std::string& path, Log& log);
Result<DriversConfig> parse_config(const std::string& text, const std::string& name, Log& log);

}  // namespace sluice::drivers
