// SensorKind: what a sensor's values mean, which decides the statistics of its day. Words are part of the
// configuration and of summary documents, so they never change.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

enum class SensorKind : std::uint8_t {
  kGauge,    // a level, such as a temperature
  kCounter,  // grows, and begins at 0 again after a reset, such as the energy used
  kState,    // one of a few values, such as a door's open and closed
};

constexpr std::string_view sensor_kind_word(SensorKind kind) {
  switch (kind) {
    case SensorKind::kCounter:
      return "counter";
    case SensorKind::kState:
      return "state";
    case SensorKind::kGauge:
      break;
  }
  return "gauge";
}

}  // namespace sluice
