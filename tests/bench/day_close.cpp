// How long it takes to close a large day, beside what the sqlite3 shell takes for count, min, max and mean of
// the same rows by sensor in the same run, and how much memory it takes more. By hand: build it with
// optimisation, give it a folder with 600 MB to spare. Sensors x readings each: 100 x 86400 by default.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "base/check.h"
#include "store/store.h"
#include "store/view.h"
#include "summary/summariser.h"

namespace {

using namespace sluice;

constexpr std::int64_t kDayMs = 86400000;
constexpr Day kDay = 20513;

struct Cost {
  double seconds = 0;
  double cpu_s = 0;
};

double cpu_s() {
  double sum = 0;
  for (int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    struct rusage usage {};
    ::getrusage(who, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      sum += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    }
  }
  return sum;
}

Cost cost_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  const double cpu_before_s = cpu_s();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(),
          cpu_s() - cpu_before_s};
}

void print(const char* what, const Cost& cost, const Cost& of) {
  std::printf("%-28s %10.2f %10.2f %10.2f %10.2f\n", what, cost.seconds, cost.seconds / of.seconds,
              cost.cpu_s, cost.cpu_s / of.cpu_s);
}

// From /proc/self/status, "VmRSS:" or "VmHWM:".
double memory_mib(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == name && status >> kib) return kib / 1024;
  }
  return 0;
}

// Readings as they come: every sensor once a second, at a moment of its own, a value that wanders.
void fill(const std::string& path, int sensors, int readings, Log& log) {
  StoreSettings settings;
  settings.path = path;
  settings.gateway = "bench";
  auto store = std::move(Store::open(settings, Calendar::load("UTC").value(), log).value());
  std::uint64_t random = 1;
  Batch batch;
  for (int i = 1; i <= sensors; ++i) {
    batch.new_sensors.push_back({static_cast<SensorId>(i), fmt::format("hall/{}/power", i * 37 % 101), "W"});
  }
  batch.cursor.journal_id = "bench";
  for (int at = 0; at < readings; ++at) {
    for (int i = 1; i <= sensors; ++i) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const std::int64_t time_ms = kDay * kDayMs + at * (kDayMs / readings) + i * 7 % 900;
      const double value = std::round(1000 * (20 + std::sin(at / 9000.0) + (random >> 60) * 0.01)) / 1000 + i;
      batch.readings.push_back({static_cast<SensorId>(i), kPayloadTime, time_ms, time_ms + 3, value});
    }
    if (batch.readings.size() < 5000 && at + 1 < readings) continue;
    ++batch.cursor.seq;
    batch.clock.boot_id = "bench";
    batch.clock.clock_trusted = true;
    batch.counts[kDay][Counter::kReadingsDecoded] = batch.readings.size();
    batch.counts[kDay][Counter::kReadingsStored] = batch.readings.size();
    Status committed = store->commit(batch);
    SLUICE_CHECK(committed.ok(), committed.ok() ? "" : committed.error().context.c_str());
    batch = Batch{};
    batch.cursor = {"bench", static_cast<std::uint64_t>(at)};
  }
  SLUICE_CHECK(store->close_cleanly().ok(), "close");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/tmp";
  const int sensors = argc > 2 ? std::atoi(argv[2]) : 100;
  const int readings = argc > 3 ? std::atoi(argv[3]) : 86400;
  const std::string path = folder + "/day_close.db";
  Log log(LogLevel::kWarning, Log::Style::kPlain);
  if (!std::filesystem::exists(path)) fill(path, sensors, readings, log);

  const std::string sql =
      "sqlite3 'file:" + path +
      "?mode=ro' 'SELECT sensor, count(*), min(value), max(value), avg(value) FROM reading GROUP BY sensor' "
      "> /dev/null";
  int exit = 0;
  const Cost shell = cost_of([&] { exit = std::system(sql.c_str()); });
  SLUICE_CHECK(exit == 0, "the sqlite3 shell is installed");

  auto view = std::move(StoreView::open(path, "", Calendar::load("UTC").value(), OnStore()).value());
  SummarySettings settings;
  settings.gateway = "bench";
  settings.scratch_folder = folder;
  Summariser summariser(settings, Calendar::load("UTC").value(), *view,
                        [](const std::string&) { return SensorNotes(); }, {});
  const double before_mib = memory_mib("VmRSS:");
  std::uint64_t rows = 0;
  const Cost close = cost_of([&] { rows = summariser.compute(kDay, (kDay + 2) * kDayMs).value().row_count; });
  std::printf("%-28s %10s %10s %10s %10s\n", "", "seconds", "ratio", "CPU s", "ratio");
  print("sqlite3, 4 figures by sensor", shell, shell);
  print("closing the day", close, shell);
  std::printf("%llu readings, %.1f MiB more memory\n", static_cast<unsigned long long>(rows),
              memory_mib("VmHWM:") - before_mib);
}
