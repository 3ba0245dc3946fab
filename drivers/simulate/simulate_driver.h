// Driver `simulate`: groups of made-up sensors. It can begin with a history: the past days' messages, with
// their own times in the payload and as fast as the broker takes them, before it goes on live. The same seed
// gives the same values at the same times. The README beside this file shows the settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "drivers/config_section.h"
#include "drivers/driver.h"
#include "drivers/simulate/waveform.h"

namespace sluice::drivers {

struct SensorGroup {
  std::string topic;  // "rooms/room-{n}/climate"; n counts from 1
  int count = 1;
  std::vector<std::pair<std::string, WaveSettings>> fields;
  FaultTimes dropouts;  // nothing is sent
};

struct SimulateSettings {
  std::string name;
  std::uint64_t seed = 1;
  std::int64_t interval_ms = 1000;
  std::int64_t history_ms = 0;
  std::int64_t history_interval_ms = 60'000;
  std::optional<std::int64_t> run_for_ms;  // live; absent: for ever
  enum class TimeWritten { kMilliseconds, kRfc3339, kNone } time_written = TimeWritten::kMilliseconds;
  std::vector<SensorGroup> groups;
};

SimulateSettings read_simulate_settings(ConfigSection& section);

class SimulateDriver final : public Driver {
 public:
  SimulateDriver(SimulateSettings settings, Log& log);

  Status open(Instant now) override;
  Result<Next> poll(Instant now, Output& output) override;
  void close() override {}

 private:
  struct Sensor {
    std::string topic;
    std::vector<std::pair<std::string, Waveform>> fields;
    FaultTimes dropouts;
    std::uint64_t dropout_seed;
  };
  // Rounds through all sensors: sample k is sensor k % n, in round k / n, its share of the step later.
  struct Phase {
    std::int64_t origin_ms = 0;
    std::int64_t step_ms = 0;
    std::int64_t end_ms = 0;
    std::uint64_t next_sample = 0;
  };
  std::int64_t time_of_next(const Phase& phase) const;
  std::optional<Sample> sample_at(const Sensor& sensor, std::int64_t time_ms) const;
  void follow_clock(Instant now);

  SimulateSettings settings_;
  Log& log_;
  std::vector<Sensor> sensors_;
  Phase history_;
  Phase live_;
  bool opened_ = false;
  bool in_history_ = false;
  std::int64_t wall_minus_boot_ms_ = 0;
};

}  // namespace sluice::drivers
