// A day of 100 readings a second, 8.64 million rows of 100 sensors, and ten rules over it.
//   bench_backtest make FOLDER   writes sluice.db and sluice.yaml there
//   time sluicectl --config FOLDER/sluice.yaml backtest
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.h"
#include "base/log.h"
#include "store/store.h"

namespace sluice {
namespace {

constexpr std::int64_t kStartMs = 1772323200000;  // 2026-03-01T00:00:00Z
constexpr SensorId kSensors = 100;
constexpr std::int64_t kSeconds = 86400;
constexpr std::int64_t kFlushSeconds = 10;

// A day's course, a noise that needs no generator, and a step now and then.
double value_of(SensorId sensor, std::int64_t second) {
  const double day = 3 * std::sin(static_cast<double>(second) / kSeconds * 6.283185307179586);
  const double noise = static_cast<double>((second * 2654435761 + sensor * 40503) % 1000) / 1000;
  const double step = (second / 1800 + sensor) % 17 == 0 ? 5 : 0;
  return 22 + day + noise + step;
}

Batch batch_at(std::int64_t second) {
  Batch batch;
  batch.cursor.journal_id = "bench";
  batch.clock.boot_id = "bench";
  batch.clock.connected = batch.clock.clock_trusted = true;
  for (std::int64_t s = second; s < second + kFlushSeconds; ++s) {
    for (SensorId sensor = 1; sensor <= kSensors; ++sensor) {
      if (s == 0)
        batch.new_sensors.push_back({sensor, "room/" + std::to_string(sensor) + "/temperature", "°C"});
      Reading reading;
      reading.sensor = sensor;
      reading.flags = kPayloadTime;
      reading.time_ms = kStartMs + s * 1000 + sensor * 10;
      reading.arrival_ms = reading.time_ms + 3;
      reading.value = std::round(value_of(sensor, s) * 100) / 100;
      batch.readings.push_back(reading);
    }
  }
  const std::int64_t end_ms = batch.readings.back().arrival_ms;
  batch.cursor.seq = static_cast<std::uint64_t>(second + kFlushSeconds) * kSensors;
  batch.clock.stream_ms = end_ms;
  batch.clock.subscribed_ms = end_ms - kStartMs;
  Counts& counts = batch.counts[20513];
  counts[Counter::kMessagesReceived] = counts[Counter::kMessagesDecoded] = counts[Counter::kReadingsDecoded] =
      counts[Counter::kReadingsStored] = batch.readings.size();
  return batch;
}

void make(const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/sluice.yaml")
      << "gateway: { id: bench, timezone: UTC, state_dir: " << folder << ", runtime_dir: " << folder << " }\n"
      << R"(readings:
  - { topic: "room/+/temperature" }
sensors:
  - { sensor: "room/#", every: 1s }
alerts:
  - { name: hot, sensor: "room/#", above: 30, clear: 28 }
  - { name: hot-held, sensor: "room/#", above: 29, clear: 28, for: 1m }
  - { name: cold, sensor: "room/#", below: 18.5, keep_firing_for: 2m }
  - { name: band, sensor: "room/#", outside: [18, 31], for: 5m }
  - { name: ladder, sensor: "room/#", levels: [ { severity: warning, above: 29 }, { severity: critical, above: 30.5 } ] }
  - { name: silent, sensor: "room/#", silent_for: 5m }
  - { name: mean, sensor: "room/1/#", over: { function: mean, window: 10m, every: 1m }, above: 25 }
  - { name: rising, sensor: "room/2/#", rate: { above: 3, per: 1m } }
  - { name: flapping, sensor: "room/#", above: 28, flap: { changes: 6, within: 10m } }
  - { name: missing, sensor: "room/3/#", missing_ratio: { above: 0.5, within: 10m } }
)";
  StoreSettings settings;
  settings.path = folder + "/sluice.db";
  settings.gateway = "bench";
  Log log(LogLevel::kError, Log::Style::kPlain);
  auto store = Store::open(settings, Calendar::load("UTC").value(), log);
  SLUICE_CHECK(store.ok(), "the database cannot be made");
  for (std::int64_t second = 0; second < kSeconds; second += kFlushSeconds) {
    const Status status = (*store)->commit(batch_at(second));
    SLUICE_CHECK(status.ok(), "a batch cannot be stored");
  }
  SLUICE_CHECK((*store)->close_cleanly().ok(), "the database cannot be closed");
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  if (argc != 3 || std::strcmp(argv[1], "make") != 0) {
    std::fputs("usage: bench_backtest make FOLDER\n", stderr);
    return 2;
  }
  sluice::make(argv[2]);
}
