#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Retention : public StoreFixture {
 protected:
  void SetUp() override {
    settings_.retention = std::chrono::hours(3 * 24);
    settings_.retention_grace = std::chrono::milliseconds(0);
    StoreFixture::SetUp();
  }
  int retain(std::int64_t now_ms) {
    int steps = 0;
    while (must(store_->retain_step(now_ms))) ++steps;
    return steps;
  }
  std::uint64_t expired(Day day) { return must(view_->arrived_on(day))[Counter::kReadingsExpired]; }
  void fill(int days, int rows_a_batch, int batches_a_day) {
    for (int day = 0; day < days; ++day)
      for (int i = 0; i < batches_a_day; ++i) {
        std::vector<Reading> readings;
        for (int k = 0; k < rows_a_batch; ++k)
          readings.push_back(reading(1, kStart + day * kDayMs + i * kMinute + k, k + 0.5));
        commit(readings);
      }
  }
};

TEST_F(Retention, RemovesDaysThatAreSummedAndOldEnough) {
  fill(4, 100, 90);
  for (int i = 0; i < 3; ++i) sum(kFirstDay + i, kStart + (i + 1) * kDayMs);
  std::int64_t last_ms = day_state(kFirstDay).last_arrival_ms;
  EXPECT_EQ(0, retain(last_ms + 3 * kDayMs));
  EXPECT_LT(2, retain(last_ms + 3 * kDayMs + 1));  // in steps
  EXPECT_EQ(27000u, store_->status().rows);
  EXPECT_EQ(27000u, stored_rows().size());
  EXPECT_EQ(kStart + kDayMs, stored_rows()[0].time_ms);
  EXPECT_EQ(9000u, expired(kFirstDay));
  EXPECT_EQ(0, retain(last_ms + 3 * kDayMs + 1));
  retain(kStart + 100 * kDayMs);
  EXPECT_EQ(9000u, stored_rows().size());  // the last day is not summed
  EXPECT_EQ(90u, must(view_->batches_after(0, 1000)).size());
}

TEST_F(Retention, CountsFromADaysLastArrival) {
  commit({reading(1, kStart, 1)});
  commit({reading(1, kStart + 2 * kDayMs, 1), reading(1, kStart + 5, 1, kStart + 2 * kDayMs)});
  sum(kFirstDay, kStart + 2 * kDayMs);
  sum(kFirstDay + 2, kStart + 3 * kDayMs);
  retain(kStart + 5 * kDayMs);
  EXPECT_EQ(3u, stored_rows().size());
  retain(kStart + 5 * kDayMs + 1);
  EXPECT_EQ(0u, stored_rows().size());
  EXPECT_EQ(2u, expired(kFirstDay + 2));
}

TEST_F(Retention, WaitsForTheUpload) {
  commit({reading(1, kStart, 1)});
  sum(kFirstDay, kStart + kDayMs, {"cloud"});
  retain(kStart + 50 * kDayMs);
  EXPECT_EQ(1u, stored_rows().size());
  OutboxItem item = must(view_->waiting("cloud", 1))[0];
  item.state = OutboxState::kDelivered;
  must(view_->update(item));
  retain(kStart + 50 * kDayMs);
  EXPECT_EQ(0u, stored_rows().size());
}

TEST_F(Retention, NeverGivesARowNumberTwice) {
  commit({reading(1, kStart, 1), reading(1, kStart, 2)});
  sum(kFirstDay, kStart + kDayMs);
  retain(kStart + 50 * kDayMs);
  open();
  commit({reading(1, kStart + 60 * kDayMs, 3)});
  EXPECT_EQ(3, must(view_->rows_after(0, 10))[0].id);
}

TEST_F(Retention, DoesNotReopenADayWhoseRowsAreGone) {
  commit({reading(1, kStart, 1)});
  sum(kFirstDay, kStart + kDayMs);
  retain(kStart + 4 * kDayMs);
  commit({reading(1, kStart + 1, 1, kStart + 4 * kDayMs)});  // within `reopen`
  EXPECT_FALSE(day_state(kFirstDay).dirty);
  EXPECT_EQ(kPayloadTime | kTooLate, stored_rows()[0].flags);
  commit({reading(1, kStart + 5 * kDayMs, 1)});
  retain(kStart + 7 * kDayMs + 1);
  EXPECT_EQ(1u, stored_rows().size());  // and goes in its turn
}

TEST_F(Retention, LeavesExpiredRowsToCommitsForADay) {
  settings_.retention_grace = std::chrono::hours(24);
  open();
  fill(2, 250, 80);
  sum(kFirstDay, kStart + kDayMs);
  std::int64_t now = kStart + 4 * kDayMs;
  EXPECT_EQ(0, retain(now));
  EXPECT_EQ(40000u, store_->status().rows);
  auto add_1000 = [&] {
    std::vector<Reading> readings;
    for (int k = 0; k < 1000; ++k) readings.push_back(reading(1, now + k, k + 0.5));
    commit(readings);
  };
  add_1000();
  must(store_->close_cleanly());
  std::uint64_t before = store_->status().write_bytes;
  std::uint64_t rows = store_->status().rows;
  for (int i = 0; i < 10; ++i) add_1000();
  must(store_->close_cleanly());
  EXPECT_GT(rows, store_->status().rows);  // a little more than it adds
  EXPECT_LT(rows - 1500, store_->status().rows);
  EXPECT_GT(10000u * 100, store_->status().write_bytes - before);
  EXPECT_EQ(expired(kFirstDay), 51000u - stored_rows().size());
  EXPECT_LT(0, retain(now + kDayMs + kHour));
  EXPECT_EQ(20000u, expired(kFirstDay));
  EXPECT_EQ(31000u, stored_rows().size());
}

TEST_F(Retention, TakesTheOldestFirstWhenTheDatabaseIsTooBig) {
  settings_.max_size_bytes = 600000;
  open();
  fill(3, 1000, 10);
  EXPECT_LT(0, retain(kStart + 3 * kDayMs));
  auto rows = stored_rows();
  EXPECT_GT(30000u, rows.size());
  EXPECT_LT(10000u, rows.size());
  EXPECT_EQ(kStart + 2 * kDayMs + 9 * kMinute + 999, rows.back().time_ms);
  EXPECT_EQ(30000u - rows.size(), expired(kFirstDay) + expired(kFirstDay + 1) + expired(kFirstDay + 2));
  EXPECT_TRUE(day_state(kFirstDay).dirty);  // what is left of it is still summed
  EXPECT_EQ(30000u - rows.size(), store_->status().forced_rows);
  must(store_->close_cleanly());
  std::uintmax_t size = std::filesystem::file_size(settings_.path);
  for (int i = 0; i < 30; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 1000; ++k) readings.push_back(reading(1, kStart + 3 * kDayMs + i * kMinute + k, k));
    commit(readings);
    retain(kStart + 4 * kDayMs);
  }
  must(store_->close_cleanly());
  EXPECT_GT(size + 200000, std::filesystem::file_size(settings_.path));  // room is used again
}

TEST_F(Retention, CountsWhatItForcesOutOnAFullDisk) {
  settings_.max_size_bytes = 600000;
  settings_.reserve_bytes = 100000;
  open();
  must(store_->rebuild_reserve());
  fill(3, 1000, 10);
  must(store_->make_space(kStart + 3 * kDayMs));
  EXPECT_GT(30000u, store_->status().rows);
  EXPECT_EQ(30000u - store_->status().rows, store_->status().forced_rows);
}

TEST_F(Retention, TakesDaysThatAreSummedAndDeliveredBeforeOthers) {
  settings_.max_size_bytes = 600000;
  open();
  fill(3, 1000, 10);
  sum(kFirstDay, kStart + 3 * kDayMs, {"cloud"});  // not delivered
  sum(kFirstDay + 1, kStart + 3 * kDayMs);
  EXPECT_LT(0, retain(kStart + 3 * kDayMs));
  EXPECT_LT(0u, expired(kFirstDay + 1));
  EXPECT_EQ(0u, expired(kFirstDay)) << "it is older, but nobody has its summary yet";
  EXPECT_EQ(0u, store_->status().forced_rows);
}

TEST_F(Retention, TakesEvenTheCurrentDayAndOutdatesItsSummary) {
  settings_.max_size_bytes = 300000;
  open();
  fill(1, 1000, 20);
  std::uint64_t touched = day_state(kFirstDay).touched;
  EXPECT_LT(0, retain(kStart + kHour));
  EXPECT_LT(touched, day_state(kFirstDay).touched);
  commit({reading(1, kStart + kHour, 1)});
  EXPECT_EQ(kPayloadTime, stored_rows().back().flags);
  EXPECT_LT(touched + 1, day_state(kFirstDay).touched);
}

// Against a model: a reading is gone when, and only when, all days of its batch are done and old enough.
TEST_F(Retention, AgreesWithAModelOnRandomStreams) {
  for (unsigned seed = 1; seed <= 5; ++seed) {
    std::mt19937_64 random(seed);
    start_over();
    std::vector<std::vector<Reading>> batches;
    std::int64_t now = kStart;
    std::map<Day, std::int64_t> last_arrival;
    std::map<Day, bool> clean;
    for (int i = 0; i < 250; ++i) {
      std::vector<Reading> readings;
      for (std::size_t k = random() % 6; k > 0; --k) {
        now += static_cast<std::int64_t>(random() % (20 * kMinute));
        std::int64_t late = random() % 15 == 0 ? static_cast<std::int64_t>(random() % (2 * kDayMs)) : 0;
        readings.push_back(reading(1, now - late, 1, now));
        last_arrival[calendar_.day_of(now - late)] = now;
        clean[calendar_.day_of(now - late)] = false;
        clean[calendar_.day_of(now)] = false;
      }
      commit(readings);
      if (!readings.empty()) batches.push_back(readings);
    }
    for (auto& [day, is_clean] : clean) {
      if (random() % 4 == 0 || !must(view_->day_state(day))) continue;
      sum(day, now);
      is_clean = true;
    }
    if (random() % 2) open();
    for (std::int64_t at : {now, now + 3 * kDayMs - 5 * kHour, now + 4 * kDayMs}) {
      retain(at);
      std::vector<Reading> expected;
      for (const auto& readings : batches) {
        bool done = true;
        for (const Reading& r : readings) {
          Day day = calendar_.day_of(r.time_ms);
          done = done && clean[day] && last_arrival[day] < at - 3 * kDayMs;
        }
        if (!done) expected.insert(expected.end(), readings.begin(), readings.end());
      }
      ASSERT_EQ(expected, stored_rows()) << "seed " << seed;
      ASSERT_EQ(expected.size(), store_->status().rows);
    }
  }
}

}  // namespace
}  // namespace sluice
