#include "drivers/driver_list.h"

#include "drivers/iio/iio_source.h"
#include "drivers/replay/replay_driver.h"
#include "drivers/simulate/simulate_driver.h"
#include "drivers/system/system_source.h"
#include "drivers/w1/w1_source.h"

namespace sluice::drivers {

namespace {

struct DriverKind {
  std::string_view name;
  std::unique_ptr<Driver> (*make)(ConfigSection& section, Log& log);
};

std::unique_ptr<Driver> make_replay(ConfigSection& section, Log& log) {
  return std::make_unique<ReplayDriver>(read_replay_settings(section), log);
}

std::unique_ptr<Driver> make_simulate(ConfigSection& section, Log& log) {
  return std::make_unique<SimulateDriver>(read_simulate_settings(section), log);
}

constexpr DriverKind kDrivers[] = {
    {"iio", make_iio},       {"replay", make_replay}, {"simulate", make_simulate},
    {"system", make_system}, {"w1", make_w1},
};

}  // namespace

std::unique_ptr<Driver> make_driver(std::string_view driver, ConfigSection& section, Log& log) {
  for (const DriverKind& kind : kDrivers)
    if (kind.name == driver) return kind.make(section, log);
  return nullptr;
}

std::string driver_names() {
  std::string names;
  for (const DriverKind& kind : kDrivers) names.append(names.empty() ? "" : ", ").append(kind.name);
  return names;
}

}  // namespace sluice::drivers
