// history: writes the database of a gateway on which a day of readings has come, from its first to its last
// hour: 100 sensors with a day's course, noise, and steps that rules can find.
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "base/log.h"
#include "bench_mqtt.h"
#include "store/store.h"

namespace sluice {
namespace {

constexpr SensorId kSensors = 100;
constexpr std::int64_t kDayMs = 86400000;
constexpr std::size_t kBatchRows = 1000;

double value_of(SensorId sensor, std::int64_t of_day_ms) {
  const std::int64_t second = of_day_ms / 1000;
  const double day = 3 * std::sin(static_cast<double>(of_day_ms) / kDayMs * 6.283185307179586);
  const double noise = static_cast<double>((second * 2654435761 + sensor * 40503) % 1000) / 1000;
  const double step = (second / 1800 + sensor) % 17 == 0 ? 5 : 0;
  return std::round((22 + day + noise + step) * 100) / 100;
}

class History {
 public:
  History(const std::string& folder, std::int64_t begin_ms) : begin_ms_(begin_ms) {
    std::filesystem::create_directories(folder);
    StoreSettings settings;
    settings.path = folder + "/sluice.db";
    settings.gateway = "bench";
    auto opened = Store::open(settings, Calendar::load("UTC").value(), log_);
    SLUICE_CHECK(opened.ok(), "the database cannot be made");
    store_ = std::move(*opened);
    for (SensorId sensor = 1; sensor <= kSensors; ++sensor)
      batch_.new_sensors.push_back({sensor, "room/" + std::to_string(sensor) + "/temperature", "°C"});
  }

  void arrive(SensorId sensor, std::int64_t of_day_ms) {
    Reading reading;
    reading.sensor = sensor;
    reading.flags = kPayloadTime;
    reading.time_ms = begin_ms_ + of_day_ms;
    reading.arrival_ms = reading.time_ms + 3;
    reading.value = value_of(sensor, of_day_ms);
    batch_.readings.push_back(reading);
    if (batch_.readings.size() == kBatchRows) commit();
  }
  void close() {
    commit();
    SLUICE_CHECK(store_->close_cleanly().ok(), "the database cannot be closed");
  }

 private:
  void commit() {
    if (batch_.readings.empty()) return;
    const std::int64_t end_ms = batch_.readings.back().arrival_ms;
    rows_ += batch_.readings.size();
    batch_.cursor.journal_id = "bench";
    batch_.cursor.seq = rows_;
    batch_.clock.boot_id = "bench";
    batch_.clock.connected = batch_.clock.clock_trusted = true;
    batch_.clock.stream_ms = end_ms;
    batch_.clock.subscribed_ms = end_ms - begin_ms_;
    Counts& counts = batch_.counts[static_cast<Day>(begin_ms_ / kDayMs)];
    counts[Counter::kMessagesReceived] = counts[Counter::kMessagesDecoded] =
        counts[Counter::kReadingsDecoded] = counts[Counter::kReadingsStored] = batch_.readings.size();
    SLUICE_CHECK(store_->commit(batch_).ok(), "a batch cannot be stored");
    batch_ = Batch();
  }

  std::int64_t begin_ms_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  std::unique_ptr<Store> store_;
  Batch batch_;
  std::uint64_t rows_ = 0;
};

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  using namespace sluice;
  const bench::Arguments arguments(argc, argv,
                                   {{"folder", "."}, {"rows", "1000000"}, {"begin-ms", "1772323200000"}});
  const std::int64_t every_ms = kDayMs * kSensors / arguments.count("rows");
  History history(arguments.text("folder"), arguments.count("begin-ms"));
  for (std::int64_t round_ms = 0; round_ms + every_ms <= kDayMs; round_ms += every_ms) {
    for (SensorId sensor = 1; sensor <= kSensors; ++sensor)
      history.arrive(sensor, round_ms + every_ms * (sensor - 1) / kSensors);
  }
  history.close();
  return 0;
}
