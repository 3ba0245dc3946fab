#include "app/reading_feed.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::int64_t kNow = 1772366400000;
constexpr std::int64_t kHour = 3600000;

class ReadingFeedOf : public ::testing::Test {
 protected:
  static Checkpoint checkpoint() {
    Checkpoint checkpoint;
    checkpoint.sensors = {{1, "attic", "°C", 0}, {2, "cellar", "°C", 0}};
    checkpoint.last = {{1, kNow - kHour, 20, 0, 0, kNow - kHour, 0}};
    return checkpoint;
  }
  // The value that is shown after a batch of `readings`; none: nothing new is.
  std::optional<SensorValue> shows(std::vector<Reading> readings) {
    Batch batch;
    batch.readings = std::move(readings);
    feed_.stored(batch);
    auto item = inbox_.wait_pop(std::chrono::milliseconds(0));
    if (!item) return std::nullopt;
    return item->second;
  }
  static Reading at(std::int64_t time_ms, double value, std::uint32_t flags = kPayloadTime,
                    std::int64_t arrival_ms = kNow) {
    return {1, flags, time_ms, arrival_ms, value};
  }
  ReadingFeed feed_{checkpoint()};
  KeyedInbox<SensorValue>& inbox_ = feed_.add();
};

TEST_F(ReadingFeedOf, BeginsWithWhatIsStored) {
  auto item = inbox_.wait_pop(std::chrono::milliseconds(0));
  ASSERT_TRUE(item);
  EXPECT_EQ("attic", item->first);
  EXPECT_EQ(20, item->second.value);
  EXPECT_EQ(kNow - kHour, item->second.arrival_ms);
  EXPECT_EQ(0u, inbox_.size()) << "the cellar has said nothing yet";
}

TEST_F(ReadingFeedOf, ShowsNoOlderValueThanBeforeButThatTheSensorWasHeard) {
  (void)inbox_.wait_pop(std::chrono::milliseconds(0));
  EXPECT_EQ(22, shows({at(kNow - 1, 22), at(kNow - 2, 21)})->value);
  const auto late = shows({at(kNow - 31 * 24 * kHour, -5, kPayloadTime, kNow + 1)});
  ASSERT_TRUE(late);
  EXPECT_EQ(22, late->value);
  EXPECT_EQ(kNow - 1, late->time_ms);
  EXPECT_EQ(kNow + 1, late->arrival_ms);
}

TEST_F(ReadingFeedOf, ShowsNoCopies) {
  (void)inbox_.wait_pop(std::chrono::milliseconds(0));
  for (std::uint32_t copy : {kRetained, kDuplicate, kImported}) {
    EXPECT_FALSE(shows({at(kNow + 1, -5, kPayloadTime | copy)})) << copy;
  }
  EXPECT_EQ(22, shows({at(kNow, 22), at(kNow + 1, -5, kRetained)})->value);
}

TEST_F(ReadingFeedOf, FollowsAClockThatWasSetBack) {
  (void)inbox_.wait_pop(std::chrono::milliseconds(0));
  EXPECT_EQ(99, shows({at(kNow + 24 * kHour, 99)})->value);
  EXPECT_EQ(22, shows({at(kNow + 1000, 22, kPayloadTime, kNow + 1000)})->value);
}

TEST_F(ReadingFeedOf, ShowsADerivedSensor) {
  (void)inbox_.wait_pop(std::chrono::milliseconds(0));
  Batch batch;
  batch.derived = {{2, kNow, 7, 0, 0, kNow, 0}};
  feed_.stored(batch);
  EXPECT_EQ(7, inbox_.wait_pop(std::chrono::milliseconds(0))->second.value);
}

}  // namespace
}  // namespace sluice
