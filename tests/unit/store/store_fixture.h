// A store in a folder of its own, with a gateway that makes plausible batches.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "store/store.h"
#include "store/view.h"
#include "support/temp_folder.h"

namespace sluice {

inline constexpr std::int64_t kMinute = 60000;
inline constexpr std::int64_t kHour = 60 * kMinute;
inline constexpr std::int64_t kDayMs = 24 * kHour;
inline constexpr std::int64_t kStart = 1772323200000;  // 2026-03-01T00:00:00Z
inline constexpr Day kFirstDay = 20513;                // 2026-03-01

inline bool operator==(const Reading& a, const Reading& b) {
  return a.sensor == b.sensor && a.flags == b.flags && a.time_ms == b.time_ms &&
         a.arrival_ms == b.arrival_ms && a.value == b.value;
}

template <class T>
T must(Result<T> result) {
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().context);
  return std::move(result.value());
}
inline void must(const Status& status) {
  ASSERT_TRUE(status.ok()) << (status.ok() ? "" : status.error().context);
}

class StoreFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.path = folder_ + "/sluice.db";
    settings_.gateway = "test";
    open();
  }

  Calendar calendar() const { return must(Calendar::load("UTC")); }
  void open() {
    view_.reset();
    store_.reset();
    store_ = must(Store::open(settings_, calendar(), log_));
    view_ = open_view(settings_.path);
  }
  // An empty store in the place of this one.
  void start_over() {
    view_.reset();
    store_.reset();
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) std::filesystem::remove_all(entry);
    cursor_ = {};
    sensors_ = 0;
    open();
  }
  std::unique_ptr<StoreView> open_view(const std::string& path) {
    return must(StoreView::open(path, "", calendar(),
                                [this](const std::function<Status(Store&)>& f) { return f(*store_); }));
  }

  static Reading reading(SensorId sensor, std::int64_t time_ms, double value, std::int64_t arrival_ms = 0) {
    Reading r;
    r.sensor = sensor;
    r.flags = kPayloadTime;
    r.time_ms = time_ms;
    r.arrival_ms = arrival_ms != 0 ? arrival_ms : time_ms;
    r.value = value;
    return r;
  }

  // A batch with these readings, counted as the engine would.
  Batch batch(std::vector<Reading> readings) {
    Batch b;
    cursor_.journal_id = "journal";
    cursor_.seq += readings.size() + 1;
    b.cursor = cursor_;
    b.clock.boot_id = "boot-1";
    b.clock.connected = true;
    for (const Reading& r : readings) {
      while (sensors_ < r.sensor) {
        ++sensors_;
        b.new_sensors.push_back({sensors_, "sensor/" + std::to_string(sensors_), "°C"});
      }
      Counts& counts = b.counts[calendar_.day_of(r.arrival_ms)];
      ++counts[Counter::kMessagesReceived];
      ++counts[Counter::kMessagesDecoded];
      ++counts[Counter::kReadingsDecoded];
      ++counts[r.flags & kDuplicate ? Counter::kReadingsDuplicate : Counter::kReadingsStored];
      b.clock.stream_ms = std::max(b.clock.stream_ms, r.arrival_ms);
    }
    b.clock.subscribed_ms = b.clock.stream_ms - kStart;
    b.readings = std::move(readings);
    return b;
  }
  void commit(std::vector<Reading> readings) { must(store_->commit(batch(std::move(readings)))); }

  // Sums a day as the summariser would.
  SummaryRevision sum(Day day, std::int64_t made_ms, const std::vector<std::string>& sinks = {}) {
    DayState state = *must(view_->day_state(day));
    SummaryRevision revision{day, state.revision + 1, made_ms, "digest", 1, "{}", "key"};
    must(view_->save(revision, sinks, state.touched, false, {}));
    return revision;
  }
  DayState day_state(Day day) { return *must(view_->day_state(day)); }

  std::vector<Reading> stored_rows() {
    std::vector<Reading> rows;
    for (auto& row : must(view_->rows_after(0, 10000000))) rows.push_back(row.reading);
    return rows;
  }

  test::TempFolder temp_;
  const std::string folder_ = temp_.path().string();
  StoreSettings settings_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  Calendar calendar_ = must(Calendar::load("UTC"));
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreView> view_;
  Cursor cursor_;
  SensorId sensors_ = 0;
};

}  // namespace sluice
