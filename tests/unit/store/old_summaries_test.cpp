#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class OldSummaries : public StoreFixture {
 protected:
  void SetUp() override {
    settings_.retention = std::chrono::hours(3 * 24);
    settings_.retention_grace = std::chrono::milliseconds(0);
    settings_.summary_keep = std::chrono::hours(100 * 24);
    StoreFixture::SetUp();
    for (int day : {0, 1, 2}) commit({reading(1, kStart + day * kDayMs, day)});
  }
  // Rows, and what may go when they are gone, which is looked at once an hour.
  void retain(std::int64_t now_ms) {
    for (std::int64_t at_ms : {now_ms - kHour, now_ms}) {
      while (must(store_->retain_step(at_ms))) {
      }
    }
  }
  void settle(Day day, OutboxState state) {
    for (OutboxItem item : must(view_->list(100, {"", day}))) {
      item.state = state;
      item.done_ms = kStart + 9;
      must(view_->update(item));
    }
  }
  std::vector<Day> days() { return must(view_->summary_days()); }
};

TEST_F(OldSummaries, GoWithTheirReceiptsWhenTheyWereMadeLongerAgoThanKept) {
  for (int day : {0, 1}) sum(kFirstDay + day, kStart + day * kDayMs, {"cloud"});
  sum(kFirstDay, kStart + 5, {"cloud"});
  for (int day : {0, 1}) settle(kFirstDay + day, OutboxState::kDelivered);
  retain(kStart + 100 * kDayMs + 5);
  EXPECT_EQ((std::vector<Day>{kFirstDay, kFirstDay + 1}), days()) << "all of a day, when its newest is old";
  EXPECT_FALSE(must(view_->summaries_removed_to()));
  retain(kStart + 100 * kDayMs + kHour + 5);
  EXPECT_EQ(std::vector<Day>{kFirstDay + 1}, days());
  EXPECT_EQ(kFirstDay, must(view_->summaries_removed_to()).value_or(0));
  EXPECT_EQ(1u, must(view_->list(100)).size());
  EXPECT_EQ(2, day_state(kFirstDay).revision) << "what was made is still known";
  retain(kStart + 102 * kDayMs);
  EXPECT_EQ(std::vector<Day>{}, days());
}

TEST_F(OldSummaries, StayWhileAPlaceWaitsForThemOrHasRefusedThem) {
  for (int day : {0, 1, 2}) sum(kFirstDay + day, kStart + day * kDayMs, {"cloud"});
  settle(kFirstDay + 1, OutboxState::kParked);
  settle(kFirstDay + 2, OutboxState::kDiscarded);
  retain(kStart + 300 * kDayMs);
  EXPECT_EQ((std::vector<Day>{kFirstDay, kFirstDay + 1}), days());
  settle(kFirstDay, OutboxState::kDelivered);
  retain(kStart + 301 * kDayMs);
  EXPECT_EQ(std::vector<Day>{kFirstDay + 1}, days());
}

TEST_F(OldSummaries, StayWhileReadingsOfTheirDayAreThere) {
  settings_.summary_keep = std::chrono::hours(24);
  settings_.retention = std::chrono::hours(50 * 24);
  open();
  for (int day : {0, 1, 2}) sum(kFirstDay + day, kStart + day * kDayMs);
  retain(kStart + 40 * kDayMs);
  EXPECT_EQ(3u, days().size());
  retain(kStart + 60 * kDayMs);
  EXPECT_EQ(0u, days().size());
}

TEST_F(OldSummaries, GoBeforeReadingsThatNoSummaryHoldsWhenTheyMakeTheDatabaseTooBig) {
  settings_.max_size_bytes = 550000;
  open();
  const std::string body(150000, 'x');
  for (int day : {0, 1, 2}) {
    must(view_->save({kFirstDay + day, 1, kStart + day, "d", 1, body, "k"}, {"cloud"},
                     day_state(kFirstDay + day).touched, false, {}));
  }
  for (int day : {0, 2}) settle(kFirstDay + day, OutboxState::kDelivered);
  for (int i = 0; i < 10; ++i) {
    std::vector<Reading> readings(500, reading(1, kStart + 3 * kDayMs, i));
    commit(readings);
  }
  retain(kStart + 2 * kDayMs);
  EXPECT_EQ(std::vector<Day>{kFirstDay + 1}, days()) << "the one that nobody has yet";
  EXPECT_EQ(0u, store_->status().forced_rows);
  EXPECT_EQ(5001u, stored_rows().size()) << "and its reading";
}

}  // namespace
}  // namespace sluice
