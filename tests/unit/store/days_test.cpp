#include <map>

#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Days : public StoreFixture {
 protected:
  std::vector<Day> dirty() {
    std::vector<Day> days;
    for (const DayState& state : must(view_->dirty_days())) days.push_back(state.day);
    return days;
  }
  std::vector<Reading> visit(std::int64_t from_ms, std::int64_t to_ms) {
    std::vector<Reading> rows;
    must(view_->visit_rows(from_ms, to_ms, [&](const Reading& r) { rows.push_back(r); }));
    return rows;
  }
};

TEST_F(Days, AreDirtyAsLongAsTheirReadingsAreNotSummed) {
  EXPECT_TRUE(dirty().empty());
  commit({reading(1, kStart + kHour, 1)});
  commit({reading(1, kStart + kDayMs + kHour, 1)});
  EXPECT_EQ((std::vector<Day>{kFirstDay, kFirstDay + 1}), dirty());
  sum(kFirstDay, kStart + kDayMs + 2 * kHour);
  EXPECT_EQ((std::vector<Day>{kFirstDay + 1}), dirty());
  EXPECT_EQ(1, day_state(kFirstDay).revision);
  commit({reading(1, kStart + 2 * kHour, 1, kStart + kDayMs + 3 * kHour)});
  EXPECT_EQ((std::vector<Day>{kFirstDay, kFirstDay + 1}), dirty());
  EXPECT_EQ("UTC", view_->calendar().zone_name());
}

TEST_F(Days, StayDirtyWhenTouchedWhileTheyAreSummed) {
  commit({reading(1, kStart + kHour, 1)});
  for (int i = 0; i < 6; ++i) {
    // Once while the day is the current one, once after the next day began, once as a late reading.
    std::uint64_t touched = day_state(kFirstDay).touched;
    std::int64_t arrival = kStart + 2 * kHour + (i >= 2 ? kDayMs : 0);
    if (i == 2) commit({reading(1, kStart + kDayMs, 1)});
    if (i % 2 == 0) open();
    commit({reading(1, kStart + kHour + i, 1, arrival)});
    EXPECT_LT(touched, day_state(kFirstDay).touched);
    SummaryRevision revision{kFirstDay, i + 1, arrival, "d", 1, "{}", "key"};
    must(view_->save(revision, {}, touched, false, {}));
    EXPECT_TRUE(day_state(kFirstDay).dirty) << i;
  }
  must(view_->save(SummaryRevision{kFirstDay, 7, kStart, "d", 1, "{}", "key"}, {},
                   day_state(kFirstDay).touched, false, {}));
  EXPECT_FALSE(day_state(kFirstDay).dirty);
}

TEST_F(Days, AreCleanedWithoutARevisionWhenNothingChanged) {
  commit({reading(1, kStart, 1)});
  SummaryRevision first = sum(kFirstDay, kStart + kHour);
  commit({reading(1, kStart + 1, 1, kStart + 2 * kHour)});
  must(view_->save(first, {"cloud"}, day_state(kFirstDay).touched, true, {}));
  EXPECT_FALSE(day_state(kFirstDay).dirty);
  EXPECT_EQ(1, day_state(kFirstDay).revision);
  EXPECT_TRUE(must(view_->list(10)).empty());
}

TEST_F(Days, RefuseARevisionThatDoesNotFollow) {
  commit({reading(1, kStart, 1)});
  sum(kFirstDay, kStart + kHour);
  SummaryRevision again{kFirstDay, 1, kStart, "d", 1, "{}", "key"};
  EXPECT_EQ(ErrorCode::kInvalid, view_->save(again, {}, 0, false, {}).error().code);
}

TEST_F(Days, EnterRowsThatRepeatOthersOnceAndOnTheDayOfTheirArrival) {
  commit({reading(1, kStart, 1), reading(1, kStart, 1, kStart + kDayMs), reading(1, kStart + 1, 1)});
  DayState state = day_state(kFirstDay);
  SummaryRevision revision{kFirstDay, 1, kStart, "d", 1, "{}", "key"};
  must(view_->save(revision, {}, state.touched, false, {{2, kStart + kDayMs}, {99, kStart}}));
  must(view_->save(revision, {}, state.touched, true, {{2, kStart + kDayMs}}));
  EXPECT_EQ(1u, must(view_->arrived_on(kFirstDay + 1))[Counter::kReadingsRepeated]);
  EXPECT_EQ(0u, must(view_->arrived_on(kFirstDay))[Counter::kReadingsRepeated]);
  EXPECT_EQ(kPayloadTime | kDuplicate | kFoundDuplicate, stored_rows().at(1).flags);
  EXPECT_EQ(kPayloadTime, stored_rows().at(2).flags);
}

TEST_F(Days, KnowTheirLastArrivalAcrossARestart) {
  for (int i = 0; i < 20; ++i) {
    commit({reading(1, kStart + i * kHour, 1), reading(1, kStart + i * kHour + 500, 2)});
    if (i % 7 == 3) open();
    EXPECT_EQ(kStart + i * kHour + 500, day_state(kFirstDay).last_arrival_ms);
  }
  commit({reading(1, kStart + kDayMs - 5, 1, kStart + kDayMs - 3), reading(1, kStart + kDayMs + 7, 1)});
  EXPECT_EQ(kStart + kDayMs - 3, day_state(kFirstDay).last_arrival_ms);
  EXPECT_EQ(kStart + kDayMs + 7, day_state(kFirstDay + 1).last_arrival_ms);
  commit({reading(1, kStart + 9, 1, kStart + kDayMs + 100)});
  EXPECT_EQ(kStart + kDayMs + 100, day_state(kFirstDay).last_arrival_ms);
}

TEST_F(Days, OfTheGatewayAreDirtyWithoutReadings) {
  Batch b = batch({});
  b.gateway_days = {kFirstDay, kFirstDay + 1};
  must(store_->commit(b));
  EXPECT_EQ((std::vector<Day>{kFirstDay, kFirstDay + 1}), dirty());
  EXPECT_EQ(0, day_state(kFirstDay).last_arrival_ms);
  sum(kFirstDay, kStart + kDayMs);
  b = batch({});
  b.gateway_days = {kFirstDay};
  must(store_->commit(b));
  EXPECT_EQ((std::vector<Day>{kFirstDay + 1}), dirty());
}

TEST_F(Days, AreDirtiedByCountersOfTheirArrivals) {
  commit({reading(1, kStart, 1)});
  sum(kFirstDay, kStart + kDayMs);
  Batch b = batch({});
  b.clock.stream_ms = kStart + kDayMs;
  b.counts[kFirstDay][Counter::kMessagesMalformed] = 1;
  must(store_->commit(b));
  EXPECT_EQ((std::vector<Day>{kFirstDay}), dirty());
}

TEST_F(Days, ThatWereSummedTooLongAgoKeepLateReadingsButDoNotReopen) {
  commit({reading(1, kStart, 1)});
  std::int64_t summed_ms = kStart + kDayMs;
  sum(kFirstDay, summed_ms);
  std::int64_t limit_ms = summed_ms + settings_.reopen.count();
  commit({reading(1, kStart + 1, 2, limit_ms + 1), reading(1, limit_ms + 1, 2)});
  EXPECT_FALSE(day_state(kFirstDay).dirty);
  EXPECT_EQ(kPayloadTime | kTooLate, stored_rows()[1].flags);
  EXPECT_EQ(1u, must(view_->ledger()).rbegin()->second[Counter::kReadingsTooLate]);
  EXPECT_EQ(kPayloadTime, stored_rows()[2].flags);
  EXPECT_EQ(2u, visit(kStart, kStart + kDayMs).size());
  commit({reading(1, kStart + 2, 2, limit_ms)});
  EXPECT_TRUE(day_state(kFirstDay).dirty);
  EXPECT_EQ(kPayloadTime, stored_rows()[3].flags);
}

TEST_F(Days, ThatWereSummedLongAgoReopenForWhatIsImported) {
  commit({reading(1, kStart, 1)});
  sum(kFirstDay, kStart + kDayMs);
  Batch imported = batch({reading(1, kStart + 1, 2, kStart + kDayMs + 2 * settings_.reopen.count())});
  must(store_->import(imported));
  EXPECT_TRUE(day_state(kFirstDay).dirty);
  EXPECT_EQ(kPayloadTime, stored_rows()[1].flags);
}

TEST_F(Days, GoOnWhenTheClockIsSetBack) {
  commit({reading(1, kStart + 5 * kDayMs, 1)});
  commit({reading(1, kStart, 1)});
  commit({reading(1, kStart + 10, 1)});
  EXPECT_EQ(kStart + 10, day_state(kFirstDay).last_arrival_ms);
  EXPECT_EQ(kStart + 5 * kDayMs, day_state(kFirstDay + 5).last_arrival_ms);
  EXPECT_EQ(2u, dirty().size());
}

TEST_F(Days, ShowTheirReadingsHoweverLateTheyCame) {
  std::mt19937_64 random(17);
  std::vector<Reading> all;
  std::int64_t now = kStart;
  for (int i = 0; i < 400; ++i) {
    std::vector<Reading> readings;
    for (int k = 0; k < 5; ++k) {
      now += kMinute * static_cast<std::int64_t>(random() % 8);
      std::int64_t late = random() % 20 == 0 ? static_cast<std::int64_t>(random() % (4 * kDayMs)) : 0;
      readings.push_back(reading(1 + random() % 3, now - late, k, now));
    }
    all.insert(all.end(), readings.begin(), readings.end());
    commit(readings);
    if (i % 90 == 0) open();
    if (i % 100 == 50) sum(day_state(calendar_.day_of(now)).day, now);
  }
  all = stored_rows();  // with kTooLate
  for (int i = 0; i < 200; ++i) {
    std::int64_t from = kStart - kDayMs + static_cast<std::int64_t>(random() % (10 * kDayMs));
    std::int64_t to = from + static_cast<std::int64_t>(random() % (2 * kDayMs));
    std::vector<Reading> expected;
    for (const Reading& r : all)
      if (r.time_ms >= from && r.time_ms < to) expected.push_back(r);
    ASSERT_EQ(expected, visit(from, to));
  }
}

// Whatever comes between looking at a day and saving its summary: a clean day's newest summary has seen all
// of its readings that count.
TEST_F(Days, AreCleanOnlyWhenTheirSummaryHasSeenAllReadings) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    std::mt19937_64 random(seed);
    start_over();
    std::map<Day, std::size_t> seen;
    std::int64_t now = kStart;
    auto some_commits = [&](std::uint64_t most) {
      for (std::uint64_t n = random() % (most + 1); n > 0; --n) {
        std::vector<Reading> readings;
        for (std::uint64_t k = random() % 4; k > 0; --k) {
          now += static_cast<std::int64_t>(random() % (3 * kHour));
          std::int64_t late = random() % 4 == 0 ? static_cast<std::int64_t>(random() % (3 * kDayMs)) : 0;
          readings.push_back(reading(1, now - late, 1, now));
        }
        commit(readings);
        if (random() % 20 == 0) open();
        if (random() % 15 == 0) now -= static_cast<std::int64_t>(random() % kDayMs);
      }
    };
    auto counted = [&](Day day) {
      std::size_t n = 0;
      for (const Reading& r : visit(calendar_.begin_ms(day), calendar_.end_ms(day)))
        n += (r.flags & kTooLate) == 0;
      return n;
    };
    for (int i = 0; i < 60; ++i) {
      some_commits(4);
      std::vector<Day> days = dirty();
      if (days.empty()) continue;
      Day day = days[random() % days.size()];
      DayState state = day_state(day);
      std::size_t rows = counted(day);
      if (random() % 2) some_commits(2);
      bool unchanged = state.revision > 0 && seen[day] == rows;
      SummaryRevision revision{day, state.revision + (unchanged ? 0 : 1), now, "d", rows, "{}", "k"};
      must(view_->save(revision, {}, state.touched, unchanged, {}));
      seen[day] = rows;
      for (auto& [other, count] : seen) {
        if (day_state(other).dirty) continue;
        ASSERT_EQ(counted(other), count) << "seed " << seed;
      }
    }
  }
}

TEST_F(Days, LookTheSameWithinASnapshot) {
  commit({reading(1, kStart, 1)});
  must(view_->begin_snapshot());
  std::uint64_t touched = day_state(kFirstDay).touched;
  commit({reading(1, kStart + 1, 1)});
  EXPECT_EQ(1u, visit(kStart, kStart + kDayMs).size());
  EXPECT_EQ(touched, day_state(kFirstDay).touched);
  view_->end_snapshot();
  EXPECT_EQ(2u, visit(kStart, kStart + kDayMs).size());
  EXPECT_LT(touched, day_state(kFirstDay).touched);
}

}  // namespace
}  // namespace sluice
