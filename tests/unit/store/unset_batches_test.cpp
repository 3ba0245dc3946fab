#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

constexpr std::uint32_t kUntimed = kClockUnset | kTimeEstimated;

class UnsetBatches : public StoreFixture {
 protected:
  // As it was thought to be then: `boot` shows no time, or a wrong one.
  static Reading untimed(SensorId sensor, std::int64_t thought_ms, double value) {
    Reading r = reading(sensor, thought_ms, value);
    r.flags = kUntimed;
    return r;
  }
  static Reading timed(SensorId sensor, std::int64_t time_ms, double value, std::int64_t thought_ms) {
    Reading r = reading(sensor, time_ms, value, thought_ms);
    r.flags |= kClockUnset;
    return r;
  }
  void hold(const std::string& boot, std::vector<Reading> readings) {
    Batch b = batch(std::move(readings));
    b.clock.boot_id = boot;
    b.unset = true;
    must(store_->commit(b));
  }
  // The clock of `boot` is set: it was behind by this.
  void set_clock(const std::string& boot, std::int64_t behind_ms, std::vector<Reading> readings = {}) {
    Batch b = batch(std::move(readings));
    b.clock.boot_id = boot;
    b.clock.clock_trusted = true;
    b.clock.wall_minus_stream_ms = behind_ms;
    must(store_->commit(b));
  }
  int retime() {
    int steps = 0;
    while (must(store_->retime_step())) ++steps;
    return steps;
  }
  bool waits() { return must(view_->waits_for_clock()); }
  Counts ledger(Day day) { return must(view_->arrived_on(day)); }
  void expect_true_digests() {
    for (const StoreView::BatchRow& held : must(view_->batches_after(0, 1000))) {
      RowsDigest digest;
      for (const StoreView::Row& row : must(view_->rows_after(held.first_row - 1, 10000))) {
        if (row.id <= held.last_row) digest.add(row.reading);
      }
      EXPECT_EQ(held.digest, digest.finish()) << "batch " << held.id;
    }
  }
};

TEST_F(UnsetBatches, AreStoredButNoDayAndNoLineOfTheLedgerKnowsOfThem) {
  hold("boot-1", {untimed(1, kStart + 5, 20), timed(1, kStart + 2, 21, kStart + 6)});
  open();
  EXPECT_EQ(2u, stored_rows().size());
  EXPECT_TRUE(waits());
  EXPECT_EQ(0, retime()) << "nobody knows when that was";
  EXPECT_EQ(0u, must(view_->dirty_days()).size());
  EXPECT_FALSE(must(view_->day_state(kFirstDay)).has_value());
  EXPECT_TRUE(must(view_->ledger()).empty());
  EXPECT_EQ(2u, must(view_->unset_counts())[Counter::kReadingsStored]);
  int visited = 0;
  must(view_->visit_rows(kStart, kStart + kDayMs, [&](const Reading&) { ++visited; }));
  EXPECT_EQ(0, visited);
}

TEST_F(UnsetBatches, GoToTheTimeOfTheirArrivalWhenTheClockOfTheirBootIsSet) {
  hold("boot-1", {untimed(1, kStart + 5, 20), timed(1, kStart + 3 * kDayMs, 21, kStart + 6)});
  set_clock("boot-1", 3 * kDayMs + 100);
  EXPECT_TRUE(waits()) << "not in the transaction of a batch";
  open();
  EXPECT_EQ(1, retime());
  EXPECT_FALSE(waits());
  const std::vector<Reading> rows = stored_rows();
  EXPECT_EQ(kStart + 3 * kDayMs + 105, rows[0].time_ms);
  EXPECT_EQ(kStart + 3 * kDayMs + 105, rows[0].arrival_ms);
  EXPECT_EQ(kClockUnset, rows[0].flags) << "it is no estimate any more";
  EXPECT_EQ(kStart + 3 * kDayMs, rows[1].time_ms) << "its payload said so";
  EXPECT_EQ(kStart + 3 * kDayMs + 106, rows[1].arrival_ms);
  EXPECT_EQ(kPayloadTime | kClockUnset, rows[1].flags);
  EXPECT_TRUE(day_state(kFirstDay + 3).dirty);
  EXPECT_EQ(kStart + 3 * kDayMs + 106, day_state(kFirstDay + 3).last_arrival_ms);
  EXPECT_FALSE(must(view_->day_state(kFirstDay)).has_value());
  EXPECT_EQ(2u, ledger(kFirstDay + 3)[Counter::kReadingsStored]);
  EXPECT_EQ(0u, must(view_->unset_counts())[Counter::kReadingsStored]);
  const SensorTallies tallies = must(view_->tallies(kFirstDay + 3)).value_or(SensorTallies{});
  EXPECT_EQ(0u, tallies.size()) << "the batches came without any";
  expect_true_digests();
}

TEST_F(UnsetBatches, BringTheSpeedLayersCountsToTheDayOfTheRows) {
  Batch b = batch({untimed(1, kStart + 5, 20), untimed(1, kStart + 6, 22)});
  RunningTallies running;
  for (double value : {20.0, 22.0}) running.add(kFirstDay, 1, value);
  b.tallies = running.take();
  b.unset = true;
  must(store_->commit(b));
  Batch set = batch({});
  set.tallies = RunningTallies().take();
  set.clock.clock_trusted = true;
  set.clock.wall_minus_stream_ms = 2 * kDayMs;
  must(store_->commit(set));
  retime();
  const SensorTallies tallies = must(view_->tallies(kFirstDay + 2)).value_or(SensorTallies{});
  ASSERT_EQ(1u, tallies.size());
  EXPECT_EQ(2u, tallies.at(1).count);
  EXPECT_EQ(22, tallies.at(1).max);
}

TEST_F(UnsetBatches, AreEnteredOnTheDaysOnWhichTheirRowsArrived) {
  hold("boot-1", {untimed(1, kStart + 1, 1), untimed(1, kStart + 2, 2), untimed(1, kStart + 3, 3)});
  set_clock("boot-1", kDayMs - 2);
  retime();
  EXPECT_EQ(1u, ledger(kFirstDay)[Counter::kReadingsStored]);
  EXPECT_EQ(2u, ledger(kFirstDay + 1)[Counter::kReadingsStored]);
  EXPECT_EQ(3u, ledger(kFirstDay + 1)[Counter::kMessagesReceived]) << "messages: where the batch ended";
  EXPECT_TRUE(day_state(kFirstDay).dirty && day_state(kFirstDay + 1).dirty);
  expect_true_digests();
}

TEST_F(UnsetBatches, AreMovedInStepsOldestFirstAndOnceOverARestart) {
  for (int i = 0; i < 5; ++i) hold("boot-1", std::vector<Reading>(2000, untimed(1, kStart + i, i)));
  set_clock("boot-1", 7 * kHour);
  EXPECT_TRUE(must(store_->retime_step()));
  EXPECT_EQ(4000u, ledger(kFirstDay)[Counter::kReadingsStored]);
  open();
  EXPECT_TRUE(waits());
  EXPECT_EQ(2, retime());
  EXPECT_EQ(10000u, ledger(kFirstDay)[Counter::kReadingsStored]);
  const std::vector<Reading> rows = stored_rows();
  for (std::size_t i = 0; i < rows.size(); ++i)
    ASSERT_EQ(kStart + 7 * kHour + static_cast<std::int64_t>(i / 2000), rows[i].time_ms) << i;
  expect_true_digests();
}

TEST_F(UnsetBatches, OfABootThatNeverGotAClockKeepTheEstimateButEndBeforeTheNextBoot) {
  hold("boot-1", {untimed(1, kStart + 5 * kHour, 1)});
  hold("boot-2", {untimed(1, kStart + 6 * kHour, 2)});
  // The boot clock of boot-2 began at 5:30 in fact: boot-1 was over by then.
  Batch set = batch({});
  set.clock.boot_id = "boot-2";
  set.clock.clock_trusted = true;
  set.clock.stream_ms = kStart + 8 * kHour;
  set.clock.stream_minus_boot_ms = kStart + 6 * kHour;
  set.clock.wall_minus_stream_ms = -90 * kMinute;
  must(store_->commit(set));
  retime();
  EXPECT_FALSE(waits());
  const std::vector<Reading> rows = stored_rows();
  EXPECT_EQ(kStart + 4 * kHour + 30 * kMinute, rows[0].time_ms);
  EXPECT_EQ(kUntimed, rows[0].flags) << "still an estimate";
  EXPECT_EQ(kClockUnset, rows[1].flags);
  expect_true_digests();
}

TEST_F(UnsetBatches, ThatTurnOutToBeTooLateAreStoredAndCountedSo) {
  commit({reading(1, kStart, 1)});
  sum(kFirstDay, kStart + kDayMs);
  hold("boot-1", {timed(1, kStart + 7, 2, kStart + 2), untimed(1, kStart + 3, 3)});
  set_clock("boot-1", 9 * kDayMs);
  retime();
  EXPECT_EQ(kPayloadTime | kClockUnset | kTooLate, stored_rows()[1].flags);
  EXPECT_EQ(kClockUnset, stored_rows()[2].flags);
  EXPECT_EQ(1u, ledger(kFirstDay + 9)[Counter::kReadingsTooLate]);
  EXPECT_FALSE(day_state(kFirstDay).dirty);
  EXPECT_TRUE(day_state(kFirstDay + 9).dirty);
}

TEST_F(UnsetBatches, AreEnteredWithTheirEstimateWhenNothingElseIsLeftToMakeRoom) {
  settings_.max_size_bytes = 200000;
  open();
  for (int i = 0; i < 10; ++i) hold("boot-1", std::vector<Reading>(1000, untimed(1, kStart + i, i)));
  for (int i = 0; i < 100 && must(store_->retain_step(0)); ++i) {
  }
  EXPECT_LT(0u, ledger(kFirstDay)[Counter::kReadingsExpired]);
  EXPECT_LT(stored_rows().size(), 10000u);
  EXPECT_EQ(10000u, ledger(kFirstDay)[Counter::kReadingsExpired] + stored_rows().size());
  for (const Reading& row : stored_rows()) ASSERT_EQ(kUntimed, row.flags);
}

}  // namespace
}  // namespace sluice
