// An engine and a store as the gateway has them, without threads, driven by a test that owns the clock.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/event_json.h"
#include "base/log.h"
#include "config/settings.h"
#include "decode/topic_filter.h"
#include "engine/engine.h"
#include "engine/watched.h"
#include "store/store.h"
#include "unit/store/store_fixture.h"

namespace sluice {

// The engine wakes up when a deadline is due, and is restarted
// from the store now and then.
class SmallGateway {
 public:
  SmallGateway(const std::string& folder, Settings settings, std::int64_t start_ms = kStart)
      : settings_(std::move(settings)), start_ms_(start_ms) {
    StoreSettings store;
    store.path = folder + "/sluice.db";
    store.gateway = "gw";
    store_ = must(Store::open(store, calendar_, log_));
    start();
    say(RecordKind::kStart, "boot");
    say(RecordKind::kClockTrusted);
    say(RecordKind::kConnected);
    say(RecordKind::kBacklogEnd);
  }

  void pass_ms(std::int64_t ms) {
    const std::int64_t until_ms = boot_ms_ + ms;
    std::optional<std::int64_t> passed;
    for (auto due = engine_->next_deadline_boot_ms(); due && *due < until_ms && due != passed;
         due = engine_->next_deadline_boot_ms()) {
      passed = due;
      boot_ms_ = std::max(boot_ms_, *due);
      say(RecordKind::kTick);
    }
    boot_ms_ = until_ms;
  }
  void say(RecordKind kind, const std::string& topic = "", const std::string& payload = "", int flags = 0) {
    JournalRecord record;
    record.seq = ++seq_;
    record.kind = kind;
    record.flags = static_cast<std::uint8_t>(flags);
    record.topic = topic;
    record.payload = payload;
    record.boot_ms = boot_ms_;
    record.wall_ms = wall_ms();
    engine_->handle(record);
    for (const AlertEvent& event : engine_->take_events()) events_.push_back(event_to_json(event, "gw"));
  }
  void flush() {
    while (engine_->pending()) must(store_->commit(engine_->take_batch()));
  }
  // What was folded is stored, and another process goes on.
  void restart() {
    flush();
    start();
  }
  std::int64_t wall_ms() const { return start_ms_ + boot_ms_; }
  const std::vector<std::string>& events() const { return events_; }

 private:
  void start() {
    EngineSettings engine;
    engine.decode = settings_.decode;
    engine.alerts = settings_.alerts;
    engine.alerts.gateway = "gw";
    engine.snapshot_every_ms = 60000;
    Checkpoint checkpoint = must(load());
    engine_ = std::make_unique<Engine>(engine, calendar_, checkpoint);
  }
  Result<Checkpoint> load() {
    Lookback lookback;
    lookback.last_ms = 365 * kDayMs;
    lookback.recall_ms = [this](const std::string& sensor) {
      return recall_ms(settings_.decode, settings_.alerts, sensor);
    };
    lookback.recent_max = settings_.alerts.window_samples;
    return store_->load_checkpoint(lookback);
  }

  Settings settings_;
  std::int64_t start_ms_;
  Calendar calendar_ = must(Calendar::load("UTC"));
  Log log_{LogLevel::kError, Log::Style::kPlain};
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  std::uint64_t seq_ = 0;
  std::int64_t boot_ms_ = 1000;
  std::vector<std::string> events_;
};

}  // namespace sluice
