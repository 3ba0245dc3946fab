// ExampleBooks: a database as a gateway leaves it after some days, written by the real store and summed by
// the real summariser: batches on the hour, duplicates, rejects, alerts, a day that got late rows and a
// second revision, and a last day that is not over yet.
#pragma once

#include <memory>
#include <string>

#include "app/audit.h"
#include "base/log.h"
#include "store/store.h"
#include "store/view.h"
#include "summary/summariser.h"

namespace sluice {

class ExampleBooks {
 public:
  static constexpr int kDays = 4;                          // with a summary; the day after them is open
  static constexpr const char* kFirstDate = "2026-03-27";  // 2026-03-29 has 23 hours
  static constexpr int kLateDay = 1;                       // got a second revision

  ExampleBooks(const std::string& path, std::chrono::milliseconds retention)
      : calendar_(Calendar::load("Europe/Berlin").value()), log_(LogLevel::kError, Log::Style::kPlain) {
    StoreSettings settings;
    settings.path = path;
    settings.gateway = "test";
    settings.retention = retention;
    settings.summary_keep = retention + std::chrono::hours(48);
    settings.retention_grace = std::chrono::milliseconds(0);  // retain_step() removes all that is due
    store_ = std::move(Store::open(settings, calendar_, log_).value());
    view_ = std::move(
        StoreView::open(path, "", calendar_, [this](const auto& write) { return write(*store_); }).value());
    SummarySettings summary;
    summary.gateway = "test";
    summariser_ = std::make_unique<Summariser>(
        summary, calendar_, *view_, [](const std::string&) { return SensorNotes{}; },
        std::vector<std::string>{"archive"});
  }

  void write() {
    for (int i = 0; i < kDays; ++i) {
      add_day(day(i), calendar_.end_ms(day(i)));
      close(i, calendar_.end_ms(day(i)) + 11 * 60'000);
    }
    const std::int64_t today_ms = calendar_.begin_ms(day(kDays));
    add_batch(today_ms + 3600'000, calendar_.begin_ms(day(kLateDay)) + 1000);
    close(kLateDay, today_ms + 7200'000);
    add_day(day(kDays), today_ms + 8 * 3600'000);
  }
  // Readings of a boot whose clock nobody has set.
  void hold_for_the_clock(int readings) {
    Batch batch;
    batch.new_sensors = {{1, "a", "°C"}};
    for (int i = 0; i < readings; ++i) add(batch, {1, kClockUnset, 1000 + i, 1000 + i, 20});
    batch.cursor = {"journal", ++cursor_};
    batch.clock.boot_id = "boot without a clock";
    batch.unset = true;
    SLUICE_CHECK(store_->commit(batch).ok(), "commit");
  }
  // As retention does once the days up to `now` are old enough.
  void expire(std::int64_t now_ms) {
    while (store_->retain_step(now_ms).value()) {
    }
  }
  void deliver_everything() {
    std::vector<OutboxItem> items = view_->list(1000).value();
    for (OutboxItem& item : items) {
      item.state = OutboxState::kDelivered;
      item.done_ms = item.created_ms + 1000;
      SLUICE_CHECK(store_->update_outbox(item).ok(), "update");
    }
  }
  void finish() {
    view_.reset();
    SLUICE_CHECK(store_->close_cleanly().ok(), "close");
    store_.reset();
  }

  static Day day(int i) { return *parse_date(kFirstDate) + i; }
  const Calendar& calendar() const { return calendar_; }
  StoreView& view() { return *view_; }

 private:
  void close(int i, std::int64_t now_ms) {
    SLUICE_CHECK(summariser_->close(day(i), now_ms).ok(), "close day");
  }
  void add_day(Day day, std::int64_t end_ms) {
    for (std::int64_t t = calendar_.begin_ms(day) + 3600'000; t <= end_ms; t += 3600'000) add_batch(t - 1, 0);
  }
  // The hour before `arrival_ms`; `late_ms`: one more row, of that time.
  void add_batch(std::int64_t arrival_ms, std::int64_t late_ms) {
    Batch batch;
    if (cursor_ == 0) batch.new_sensors = {{1, "a", "°C"}, {2, "b", "%"}, {3, "c", "hPa"}};
    for (std::int64_t t = arrival_ms - 3540'000; t <= arrival_ms; t += 300'000) {
      for (SensorId sensor : {1u, 2u, 3u}) {
        add(batch,
            {sensor, kPayloadTime, t - 100 * sensor, t, 20.0 * sensor + static_cast<double>(++made_ % 97)});
      }
    }
    Reading twice = batch.readings.front();
    twice.flags |= kDuplicate;
    twice.arrival_ms += 5;
    add(batch, twice);
    if (late_ms != 0) {
      add(batch, {1, kPayloadTime, late_ms, arrival_ms, 42});
      add(batch, {1, kPayloadTime, late_ms, arrival_ms, 42});  // not known again, so stored
    }
    Counts& counts = batch.counts[calendar_.day_of(arrival_ms)];
    counts[Counter::kMessagesMalformed] += 1;
    counts[Counter::kMessagesIgnored] += 2;
    counts[Counter::kMessagesDuplicate] += 1;
    counts[Counter::kMessagesReceived] += 4;
    counts[Counter::kReadingsImplausible] += 1;
    counts[Counter::kReadingsDecoded] += 1;
    if (cursor_ > 0) add_alert(batch, counts, arrival_ms);  // 103 times: the last one stands
    cursor_ += 100;
    batch.cursor = {"journal", cursor_};
    batch.clock.boot_id = "boot";
    batch.clock.stream_ms = arrival_ms;
    batch.gateway_days = {calendar_.day_of(arrival_ms)};
    batch.tallies = tallies_.take();
    SLUICE_CHECK(store_->commit(batch).ok(), "commit");
  }
  void add(Batch& batch, const Reading& reading) {
    Counts& counts = batch.counts[calendar_.day_of(reading.arrival_ms)];
    ++counts[Counter::kMessagesReceived];
    ++counts[Counter::kMessagesDecoded];
    ++counts[Counter::kReadingsDecoded];
    ++counts[(reading.flags & kDuplicate) != 0 ? Counter::kReadingsDuplicate : Counter::kReadingsStored];
    batch.readings.push_back(reading);
    if (!(reading.flags & kDuplicate)) {
      tallies_.add(calendar_.day_of(reading.time_ms), reading.sensor, reading.value);
    }
  }
  void add_alert(Batch& batch, Counts& counts, std::int64_t at_ms) {
    AlertEvent event;
    event.alert = "too-hot";
    event.sensor = "a";
    event.severity = "warning";
    event.state = firing_ ? AlertState::kResolved : AlertState::kFiring;
    event.since_ms = firing_ ? firing_since_ms_ : at_ms - 1000;
    event.at_ms = at_ms - 1000;
    event.id = alert_id("test", event.alert, event.sensor, event.since_ms);
    ++counts[firing_ ? Counter::kAlertsResolved : Counter::kAlertsFired];
    firing_since_ms_ = event.since_ms;
    firing_ = !firing_;
    batch.events.push_back(event);
  }

  Calendar calendar_;
  Log log_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreView> view_;
  std::unique_ptr<Summariser> summariser_;
  RunningTallies tallies_;
  std::uint64_t cursor_ = 0;
  std::uint64_t made_ = 0;
  bool firing_ = false;
  std::int64_t firing_since_ms_ = 0;
};

// Audits a database file as sluicectl does.
inline AuditReport audit_file(const std::string& path, const AuditOptions& options = {}) {
  const Calendar calendar = Calendar::load("Europe/Berlin").value();
  std::unique_ptr<StoreView> view = std::move(StoreView::open(path, "", calendar, OnStore()).value());
  return audit(*view, calendar, options, [](std::string_view, std::uint64_t, std::uint64_t) {}).value();
}

inline std::string all_findings(const AuditReport& report) {
  std::string text;
  for (const AuditFinding& finding : report.findings) {
    text += (finding.day ? format_date(*finding.day) : "no day") + ": " + finding.what + "\n";
  }
  return text;
}

}  // namespace sluice
