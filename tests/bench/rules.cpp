// What rules cost: CPU time of the engine a reading with 10,000 sensors of five rules each, against 10
// sensors of one rule, and the memory of a pair of rule and sensor. In one process, without broker and disk:
// records in, events and batches out, as the engine's thread does it.
//   bench_rules [--json] [--quick]
#include <malloc.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kStartMs = 1772323200000;  // 2026-03-01T00:00:00Z
constexpr std::int64_t kPerSecond = 1000;         // readings, in the records' time
constexpr std::size_t kPayloads = 64;
constexpr std::size_t kBatchReadings = 5000;  // store.flush_rows
constexpr double kRatioTarget = 1.3;
constexpr double kBytesTarget = 256;

Rule rule(const char* name, ConditionKind kind, double low, double high) {
  Rule made;
  made.name = name;
  made.sensor = "#";
  made.kind = kind;
  made.low = low;
  made.high = high;
  return made;
}

std::vector<Rule> rules(std::size_t count) {
  std::vector<Rule> all{rule("hot", ConditionKind::kAbove, 0, 28), rule("cold", ConditionKind::kBelow, 3, 0),
                        rule("band", ConditionKind::kOutside, 1, 35),
                        rule("ladder", ConditionKind::kAbove, 0, 0),
                        rule("silent", ConditionKind::kSilentFor, 0, 0)};
  all[0].clear = 27;
  all[1].hold = seconds(30);
  all[2].keep_firing_for = seconds(60);
  all[3].levels = {{"warning", 29, 28.5}, {"critical", 32, {}}};
  all[4].silent_for = seconds(300);
  all.resize(count);
  return all;
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

double cpu_s() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

// A gateway's engine and its sensors, which speak in turn. One reading in a few thousand moves an alert.
class World {
 public:
  World(std::size_t sensors, std::size_t rule_count) {
    for (std::size_t i = 0; i < sensors; ++i) topics_.push_back("site/" + std::to_string(i) + "/temperature");
    for (std::size_t i = 0; i < kPayloads; ++i)
      payloads_.push_back(payload_of(20 + 5 * std::sin(static_cast<double>(i))));
    EngineSettings settings;
    ReadingsEntry entry;
    entry.topic = "site/#";
    entry.value = "/temperature";
    entry.time = "/time";
    settings.decode.readings = {entry};
    settings.alerts.gateway = "bench";
    settings.alerts.rules = rules(rule_count);
    engine_ = std::make_unique<Engine>(settings, Calendar::load("UTC").value(), Checkpoint{});
    for (RecordKind kind :
         {RecordKind::kStart, RecordKind::kClockTrusted, RecordKind::kConnected, RecordKind::kBacklogEnd})
      record(kind, kind == RecordKind::kStart ? "boot" : "", "");
    run(2 * sensors);
    drain();
  }

  void run(std::size_t readings) {
    for (std::size_t i = 0; i < readings; ++i, ++said_) {
      std::string& payload = said_ % 4999 == 0 ? hot_payload_ : payloads_[said_ % kPayloads];
      // The time's digits, by hand: making payloads is not what is measured.
      std::int64_t time_ms = now_ms() - 5;
      for (std::size_t at = payload.size() - 2; payload[at] != ':'; --at, time_ms /= 10) {
        payload[at] = static_cast<char>('0' + time_ms % 10);
      }
      record(RecordKind::kMessage, topics_[said_ % topics_.size()], payload);
      events_ += engine_->take_events().size();
      if (engine_->pending_readings() >= kBatchReadings) drain();
    }
  }
  std::size_t pairs() const { return engine_->status().pairs; }
  std::uint64_t events() const { return events_; }

 private:
  static std::string payload_of(double value) {
    char text[96];
    std::snprintf(text, sizeof text, R"({"temperature":%.2f,"battery":87,"time":%lld})", value,
                  static_cast<long long>(kStartMs));
    return text;
  }
  std::int64_t now_ms() const { return kStartMs + static_cast<std::int64_t>(said_) * 1000 / kPerSecond; }
  void record(RecordKind kind, std::string_view topic, std::string_view payload) {
    JournalRecord record;
    record.seq = ++seq_;
    record.kind = kind;
    record.wall_ms = now_ms();
    record.boot_ms = now_ms() - kStartMs + 1000;
    record.topic = topic;
    record.payload = payload;
    engine_->handle(record);
  }
  void drain() {
    while (engine_->pending()) engine_->take_batch();
  }

  std::vector<std::string> topics_;
  std::vector<std::string> payloads_;
  std::string hot_payload_ = payload_of(30);
  std::unique_ptr<Engine> engine_;
  std::uint64_t seq_ = 0;
  std::uint64_t said_ = 0;
  std::uint64_t events_ = 0;
};

// The sum of `slices` turns, in seconds of CPU a reading; the worlds take turns, so that both see the same
// noise.
struct Cost {
  double few_s = 0;
  double many_s = 0;
  double ratio = 0;  // the median of the turns
};

Cost measure(World& few, World& many, int slices, std::size_t readings) {
  Cost cost;
  std::vector<double> ratios;
  for (int i = 0; i < slices; ++i) {
    const double a = cpu_s();
    few.run(readings);
    const double b = cpu_s();
    many.run(readings);
    const double c = cpu_s();
    cost.few_s += (b - a) / static_cast<double>(readings) / slices;
    cost.many_s += (c - b) / static_cast<double>(readings) / slices;
    ratios.push_back((c - b) / (b - a));
  }
  std::nth_element(ratios.begin(), ratios.begin() + slices / 2, ratios.end());
  cost.ratio = ratios[static_cast<std::size_t>(slices / 2)];
  return cost;
}

double bytes_a_pair(std::size_t sensors) {
  const std::size_t before = heap_bytes();
  auto none = std::make_unique<World>(sensors, 0);
  const std::size_t without = heap_bytes() - before;
  none.reset();
  const std::size_t again = heap_bytes();
  const World five(sensors, 5);
  const std::size_t with = heap_bytes() - again;
  return (static_cast<double>(with) - static_cast<double>(without)) / static_cast<double>(five.pairs());
}

int run(bool json, bool quick) {
  const double bytes = bytes_a_pair(10000);
  World few(10, 1);
  World many(10000, 5);
  const Cost cost = measure(few, many, quick ? 11 : 41, quick ? 50000 : 200000);
  if (json) {
    std::printf(
        "{\"few_ns\":%.0f,\"many_ns\":%.0f,\"ratio\":%.3f,\"ratio_target\":%.1f,\"bytes_a_pair\":%.0f,"
        "\"bytes_target\":%.0f}\n",
        cost.few_s * 1e9, cost.many_s * 1e9, cost.ratio, kRatioTarget, bytes, kBytesTarget);
    return 0;
  }
  std::printf("CPU a reading, 10 sensors of 1 rule          %8.0f ns\n", cost.few_s * 1e9);
  std::printf("CPU a reading, 10,000 sensors of 5 rules     %8.0f ns\n", cost.many_s * 1e9);
  std::printf("ratio, median of turns                       %8.2f     target %.1f\n", cost.ratio,
              kRatioTarget);
  std::printf("bytes a pair of rule and sensor (%zu pairs) %6.0f B   target %.0f B\n", many.pairs(), bytes,
              kBytesTarget);
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  bool json = false;
  bool quick = false;
  for (int i = 1; i < argc; ++i) {
    json = json || std::strcmp(argv[i], "--json") == 0;
    quick = quick || std::strcmp(argv[i], "--quick") == 0;
  }
  return sluice::run(json, quick);
}
