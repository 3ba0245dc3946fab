#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Outbox : public StoreFixture {
 protected:
  void SetUp() override {
    StoreFixture::SetUp();
    for (int day : {2, 0, 1}) commit({reading(1, kStart + day * kDayMs, day, kStart + 2 * kDayMs)});
  }
};

TEST_F(Outbox, HasOneItemARevisionAndSinkOldestDayFirst) {
  sum(kFirstDay + 1, kStart + 5, {"cloud", "archive"});
  sum(kFirstDay, kStart + 6, {"cloud", "archive"});
  sum(kFirstDay, kStart + 7, {"cloud", "archive"});
  auto waiting = must(view_->waiting("cloud", 10));
  ASSERT_EQ(3u, waiting.size());
  EXPECT_EQ(kFirstDay, waiting[0].day);
  EXPECT_EQ(1, waiting[0].revision);
  EXPECT_EQ(kStart + 6, waiting[0].created_ms);
  EXPECT_EQ(2, waiting[1].revision);
  EXPECT_EQ(kFirstDay + 1, waiting[2].day);
  EXPECT_EQ(1u, must(view_->waiting("cloud", 1)).size());
  EXPECT_EQ(6u, must(view_->list(100)).size());
  EXPECT_EQ(kFirstDay, must(view_->list(1))[0].day);
  EXPECT_EQ((std::vector<Day>{kFirstDay, kFirstDay + 1}), must(view_->summary_days()));
  EXPECT_EQ(2, must(view_->newest(kFirstDay))->revision);
  EXPECT_EQ(kStart + 6, must(view_->revision(kFirstDay, 1))->made_ms);
  EXPECT_FALSE(must(view_->revision(kFirstDay, 3)).has_value());
}

TEST_F(Outbox, KeepsBodiesAsTheyAre) {
  std::string body(300000, 'x');
  body += std::string("\0\n\xc3\xa4", 4);
  SummaryRevision revision{kFirstDay, 1, kStart, std::string(64, 'a'), 77, body, "k"};
  must(view_->save(revision, {"cloud"}, 0, false, {}));
  EXPECT_EQ(body, must(view_->body(kFirstDay, 1)));
  EXPECT_EQ(77u, must(view_->newest(kFirstDay))->row_count);
  EXPECT_EQ("k", must(view_->waiting("cloud", 1))[0].key);
  EXPECT_EQ(ErrorCode::kNotFound, view_->body(kFirstDay, 2).error().code);
}

TEST_F(Outbox, RemembersWhatBecameOfAnItem) {
  sum(kFirstDay, kStart, {"cloud"});
  OutboxItem item = must(view_->waiting("cloud", 1))[0];
  item.attempts = 3;
  item.next_try_ms = kStart + 99;
  item.note = "connection refused";
  must(view_->update(item));
  open();
  EXPECT_EQ(3, must(view_->waiting("cloud", 1))[0].attempts);
  EXPECT_EQ(kStart + 99, must(view_->waiting("cloud", 1))[0].next_try_ms);
  item.state = OutboxState::kDelivered;
  item.done_ms = kStart + 100;
  must(view_->update(item));
  EXPECT_TRUE(must(view_->waiting("cloud", 1)).empty());
  EXPECT_EQ(OutboxState::kDelivered, must(view_->list(1))[0].state);
}

TEST_F(Outbox, LeavesToAPersonWhatTheyGaveUpDuringAnAttempt) {
  sum(kFirstDay, kStart, {"cloud"});
  OutboxItem item = must(view_->waiting("cloud", 1))[0];
  EXPECT_EQ(1, must(view_->discard({"cloud", kFirstDay}, kStart + 5)));
  item.next_try_ms = kStart + 99;
  item.note = "connection refused";
  must(view_->update(item));
  EXPECT_EQ(OutboxState::kDiscarded, must(view_->list(1))[0].state);
  EXPECT_EQ(kStart + 5, must(view_->list(1))[0].done_ms);
  item.state = OutboxState::kDelivered;
  must(view_->update(item));
  EXPECT_EQ(OutboxState::kDelivered, must(view_->list(1))[0].state) << "it was already on its way";
}

TEST_F(Outbox, RetriesAndGivesUpWhatAPersonSelects) {
  for (int day : {0, 1}) sum(kFirstDay + day, kStart, {"cloud", "archive"});
  for (const char* sink : {"cloud", "archive"}) {
    for (OutboxItem item : must(view_->waiting(sink, 10))) {
      item.state = item.day == kFirstDay ? OutboxState::kParked : OutboxState::kPending;
      item.next_try_ms = kStart + kDayMs;
      must(view_->update(item));
    }
  }
  EXPECT_EQ(2u, must(view_->list(10, {"cloud", {}})).size());
  EXPECT_EQ(2u, must(view_->list(10, {"", kFirstDay})).size());
  EXPECT_EQ(0, must(view_->retry({"other", {}})));
  EXPECT_EQ(1, must(view_->retry({"cloud", kFirstDay})));
  ASSERT_EQ(2u, must(view_->waiting("cloud", 10)).size());
  EXPECT_EQ(0, must(view_->waiting("cloud", 10))[0].next_try_ms);
  EXPECT_EQ(kStart + kDayMs, must(view_->waiting("cloud", 10))[1].next_try_ms);
  EXPECT_EQ(2, must(view_->discard({"archive", {}}, kStart)));
  EXPECT_EQ(0, must(view_->discard({"archive", {}}, kStart))) << "only once";
  EXPECT_EQ(2, must(view_->retry({}))) << "what was given up stays so";
  EXPECT_TRUE(must(view_->waiting("archive", 10)).empty());
}

TEST_F(Outbox, DiscardsWhatWaitedOrWasParkedTooLongAndForgetsItLater) {
  for (int day : {0, 1, 2}) sum(kFirstDay + day, kStart + day * kDayMs, {"cloud"});
  OutboxItem parked = must(view_->waiting("cloud", 10))[1];
  parked.state = OutboxState::kParked;
  must(view_->update(parked));
  EXPECT_EQ(2, must(view_->expire(kStart + kDayMs + 1)));
  EXPECT_EQ(1u, must(view_->waiting("cloud", 10)).size());
  EXPECT_EQ(OutboxState::kDiscarded, must(view_->list(10))[1].state);
  EXPECT_EQ(OutboxState::kDiscarded, must(view_->list(10))[2].state);
  EXPECT_EQ(1, must(view_->expire(kStart + 31 * kDayMs)));
  EXPECT_EQ(2u, must(view_->list(10)).size());
  EXPECT_EQ(3u, must(view_->summary_days()).size()) << "documents are kept longer than receipts";
}

TEST_F(Outbox, IsReadOnlyWithoutAStore) {
  auto view = must(StoreView::open(settings_.path, "", calendar(), {}));
  SummaryRevision revision{kFirstDay, 1, kStart, "d", 1, "{}", "k"};
  EXPECT_EQ(ErrorCode::kRefused, view->save(revision, {}, 0, false, {}).error().code);
  EXPECT_EQ(ErrorCode::kRefused, view->expire(0).error().code);
}

}  // namespace
}  // namespace sluice
