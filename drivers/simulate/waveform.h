// The value of a simulated sensor as a pure function of seed, sensor and time: sine + noise + slow drift,
// with spikes and stuck stretches. Nothing is remembered from one call to the next, so the same moment has
// the same value in history, live, and after a restart.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::drivers {

// A fault that happens once in each stretch of `every_ms`, at a moment that the seed decides. 0: never.
struct FaultTimes {
  std::int64_t every_ms = 0;
  std::int64_t lasts_ms = 0;
};

// Whether the fault is on at `time_ms`; `begin_ms` is then when it began.
bool fault_is_on(const FaultTimes& fault, std::uint64_t seed, std::int64_t time_ms, std::int64_t& begin_ms);

struct WaveSettings {
  double base = 20;
  double spread = 0;  // sensors differ: base ± spread
  double amplitude = 0;
  std::int64_t period_ms = 86'400'000;
  double noise = 0;  // standard deviation
  double drift = 0;  // wanders within ± drift over days
  double min = -1e308;
  double max = 1e308;
  int decimals = 2;
  FaultTimes spikes;
  double spike_size = 0;
  FaultTimes stuck;
};

class Waveform {
 public:
  Waveform(const WaveSettings& settings, std::uint64_t seed);  // one seed a sensor and field

  double value(std::int64_t time_ms) const;
  std::string text(std::int64_t time_ms) const;  // with the settings' decimals

 private:
  double undisturbed(std::int64_t time_ms) const;
  WaveSettings settings_;
  std::uint64_t seed_;
  double base_;
  double phase_;  // in turns
};

// Well mixed bits of two numbers: seeds for parts of one simulation.
std::uint64_t mix(std::uint64_t a, std::uint64_t b);

}  // namespace sluice::drivers
