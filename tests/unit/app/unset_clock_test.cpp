// A machine without a clock of its own, its journal as a list, and engine, store and days over it. Boots with
// and without a clock, steps, and kills between any two transactions; the oracle is the true time.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <map>
#include <random>

#include "app/audit.h"
#include "base/calendar.h"
#include "engine/engine.h"
#include "store/store.h"
#include "store/view.h"
#include "summary/summariser.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;

struct Kept {
  JournalRecord record;
  std::string topic;
  std::string payload;
};

struct Sent {
  std::int64_t true_ms = 0;
  std::int64_t payload_ms = 0;  // 0: it carries no time
  int boot = 0;
};

class Machine {
 public:
  Machine(std::uint64_t seed, std::string folder) : random_(seed), folder_(std::move(folder)) {
    ReadingsEntry plain;
    plain.topic = "plain/+";
    plain.format = PayloadFormat::kNumber;
    ReadingsEntry timed;
    timed.topic = "timed/+";
    timed.value = "/v";
    timed.time = "/t";
    engine_settings_.decode.readings = {plain, timed};
    engine_settings_.alerts.gateway = "gw";
    engine_settings_.built_ms = true_ms_ - 1000 * kHour;
    boot();
  }

  std::uint64_t pick(std::uint64_t n) { return random_() % n; }

  // ---- the world

  void pass(std::int64_t ms) { true_ms_ += ms; }
  void boot() {
    pass(static_cast<std::int64_t>(pick(30 * kHour)));
    ++boot_;
    booted_ms_ = true_ms_;
    set_ = pick(3) == 0;
    // As it was when the power went, long ago, or anything.
    const std::int64_t shown_ms = pick(3) == 0 ? 0 : true_ms_ - static_cast<std::int64_t>(pick(2000 * kHour));
    offset_ms_ = set_ ? 0 : shown_ms - true_ms_;
    start();
  }
  void kill() { start(); }
  void synchronise() {
    if (trusted_) return;
    offset_ms_ = 0;
    append(RecordKind::kClockTrusted);
    trusted_ = true;
    synchronised_boots_[boot_] = true;
  }
  void step_clock() {
    offset_ms_ += trusted_ ? 0 : static_cast<std::int64_t>(pick(100 * kHour)) - 50 * kHour;
  }
  void send(bool timed) {
    const auto serial = static_cast<double>(sent_.size());
    sent_.push_back({true_ms_, timed ? true_ms_ - static_cast<std::int64_t>(pick(kMinute)) : 0, boot_});
    const std::string value = std::to_string(static_cast<int>(serial));
    if (timed)
      append(RecordKind::kMessage, "timed/a",
             R"({"v":)" + value + R"(,"t":)" + std::to_string(sent_.back().payload_ms) + "}");
    else
      append(RecordKind::kMessage, "plain/b", value);
  }

  // ---- the gateway, one transaction after the other

  void commit_one() {
    if (!engine_->pending()) return;
    Batch batch = engine_->take_batch();
    batch.cursor.journal_id = "journal";
    stored_seq_ = batch.cursor.seq;
    ASSERT_TRUE(store_->commit(batch).ok());
  }
  bool retime_one() { return store_->retime_step().value(); }
  void close_days() {
    if (!trusted_ || stored_seq_ < journal_.size()) return;
    const std::vector<Day> due = summariser_->due(true_ms_, true, false).value();
    for (Day day : due) {
      auto closed = summariser_->close(day, true_ms_);
      ASSERT_TRUE(closed.ok()) << closed.error().context;
    }
  }
  void audit_now(const char* when) {
    auto report = audit(*view_, calendar_, {}, [](auto&&...) {});
    ASSERT_TRUE(report.ok()) << report.error().context;
    for (const AuditFinding& finding : report->findings)
      ADD_FAILURE() << when << ": " << (finding.day ? format_date(*finding.day) : "") << " " << finding.what;
  }

  void settle() {
    if (!trusted_) synchronise();
    pass(kHour);
    for (int i = 0; i < 1000 && engine_->pending(); ++i) commit_one();
    while (retime_one()) {
    }
    send(false);
    commit_one();
    pass(48 * kHour);
    append(RecordKind::kTick);
    commit_one();
    close_days();
  }

  // ---- the oracle

  void check() {
    EXPECT_FALSE(view_->waits_for_clock().value());
    std::map<Day, std::uint64_t> rows_of_day;
    std::vector<bool> seen(sent_.size());
    const std::vector<StoreView::Row> rows = view_->rows_after(0, 100000).value();
    for (const StoreView::Row& row : rows) {
      const Reading& r = row.reading;
      const auto serial = static_cast<std::size_t>(r.value);
      ASSERT_LT(serial, sent_.size());
      EXPECT_FALSE(seen[serial]) << "twice";
      seen[serial] = true;
      check_row(r, sent_[serial]);
      ++rows_of_day[calendar_.day_of(r.time_ms)];
    }
    for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "lost";
    const Day today = calendar_.day_of(true_ms_);
    const std::vector<DayState> dirty = view_->dirty_days().value();
    for (const DayState& day : dirty) EXPECT_GE(day.day, today - 1);
    for (const auto& [day, expected] : rows_of_day) {
      auto newest = view_->newest(day).value();
      ASSERT_TRUE(newest.has_value()) << format_date(day);
      EXPECT_EQ(expected, newest->row_count) << format_date(day);
      if (!every_boot_was_set()) continue;
      EXPECT_EQ(1, newest->revision) << format_date(day) << " was closed before its readings were there";
    }
    audit_now("at the end");
  }

  int boots() const { return boot_; }

 private:
  // What was there is gone, as after a kill.
  void start() {
    engine_.reset();
    summariser_.reset();
    view_.reset();
    store_.reset();
    StoreSettings settings;
    settings.path = folder_ + "/sluice.db";
    settings.gateway = "gw";
    store_ = std::move(Store::open(settings, calendar_, log_).value());
    view_ = std::move(
        StoreView::open(settings.path, "", calendar_, [this](const auto& f) { return f(*store_); }).value());
    SummarySettings summary;
    summary.gateway = "gw";
    summariser_ = std::make_unique<Summariser>(
        summary, calendar_, *view_, [](const std::string&) { return SensorNotes{}; },
        std::vector<std::string>{"archive"});
    const Checkpoint checkpoint = store_->load_checkpoint({kHour}).value();
    stored_seq_ = checkpoint.cursor.seq;
    engine_ = std::make_unique<Engine>(engine_settings_, calendar_, checkpoint);
    for (std::size_t i = stored_seq_; i < journal_.size(); ++i) feed(journal_[i]);
    append(RecordKind::kStart, "boot-" + std::to_string(boot_));
    trusted_ = false;
    if (set_ || synchronised_boots_[boot_]) synchronise();
  }
  void append(RecordKind kind, std::string topic = "", std::string payload = "") {
    Kept& kept = journal_.emplace_back();
    kept.topic = std::move(topic);
    kept.payload = std::move(payload);
    kept.record.seq = journal_.size();
    kept.record.kind = kind;
    kept.record.wall_ms = true_ms_ + offset_ms_;
    kept.record.boot_ms = true_ms_ - booted_ms_;
    feed(kept);
  }
  void feed(Kept& kept) {
    kept.record.topic = kept.topic;
    kept.record.payload = kept.payload;
    engine_->handle(kept.record);
  }
  bool every_boot_was_set() const {
    for (int boot = 1; boot <= boot_; ++boot)
      if (!synchronised_boots_.contains(boot) || !synchronised_boots_.at(boot)) return false;
    return true;
  }
  void check_row(const Reading& r, const Sent& sent) {
    const bool known = synchronised_boots_[sent.boot];
    const std::int64_t time_ms = sent.payload_ms != 0 ? sent.payload_ms : sent.true_ms;
    if (known || sent.payload_ms != 0) {
      EXPECT_EQ(time_ms, r.time_ms) << "of boot " << sent.boot;
    } else {
      EXPECT_LE(r.time_ms, sent.true_ms) << "an estimate is not ahead";
    }
    EXPECT_EQ(!known && sent.payload_ms == 0, (r.flags & kTimeEstimated) != 0);
    EXPECT_TRUE(known ? sent.true_ms == r.arrival_ms : (r.flags & kClockUnset) != 0);
  }

  std::mt19937_64 random_;
  const std::string folder_;
  Calendar calendar_ = Calendar::load("Europe/Berlin").value();
  Log log_{LogLevel::kError, Log::Style::kPlain};
  EngineSettings engine_settings_;
  std::int64_t true_ms_ = 1774600000000;  // 2026-03-27, two days before a change of summer time
  std::int64_t booted_ms_ = 0;
  std::int64_t offset_ms_ = 0;  // of the wall clock
  int boot_ = 0;
  bool set_ = false;  // it is right from the start of this boot
  bool trusted_ = false;
  std::map<int, bool> synchronised_boots_;
  std::vector<Sent> sent_;
  std::deque<Kept> journal_;
  std::uint64_t stored_seq_ = 0;
  std::unique_ptr<Store> store_;
  std::unique_ptr<StoreView> view_;
  std::unique_ptr<Summariser> summariser_;
  std::unique_ptr<Engine> engine_;
};

class UnsetClock : public ::testing::Test {
 protected:
  void run(std::uint64_t seed, bool every_boot_gets_a_clock) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const test::TempFolder folder;
    Machine machine(seed, folder.path().string());
    for (int i = 0; i < 150 && !HasFailure(); ++i) act(machine, every_boot_gets_a_clock);
    machine.settle();
    machine.check();
  }
  static void act(Machine& machine, bool every_boot_gets_a_clock) {
    machine.pass(static_cast<std::int64_t>(machine.pick(machine.pick(6) == 0 ? 9 * kHour : 20 * kMinute)));
    switch (machine.pick(16)) {
      case 0:
        if (every_boot_gets_a_clock) machine.synchronise();
        return machine.boot();
      case 1:
        return machine.synchronise();
      case 2:
        return machine.step_clock();
      case 3:
      case 4:
        return machine.kill();
      case 5:
      case 6:
      case 7:
        return machine.commit_one();
      case 8:
      case 9:
        machine.retime_one();
        return;
      case 10:
        return machine.close_days();
      case 11:
        return machine.audit_now("midway");
      default:
        for (std::uint64_t n = machine.pick(5); n-- > 0;) {
          machine.send(machine.pick(3) == 0);
          machine.pass(static_cast<std::int64_t>(machine.pick(2000)));
        }
    }
  }
};

TEST_F(UnsetClock, PutsEveryReadingIntoItsRightDayOnce) {
  for (std::uint64_t seed = 1; seed <= 4 && !HasFailure(); ++seed) run(seed, true);
}

TEST_F(UnsetClock, EstimatesBootsThatNeverGotOne) {
  for (std::uint64_t seed = 101; seed <= 104 && !HasFailure(); ++seed) run(seed, false);
}

}  // namespace
}  // namespace sluice
