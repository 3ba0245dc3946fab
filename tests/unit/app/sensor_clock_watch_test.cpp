#include "app/sensor_clock_watch.h"

#include <gtest/gtest.h>

#include "support/ram_journal.h"

namespace sluice {
namespace {

constexpr std::int64_t kMinuteMs = 60000;
constexpr std::int64_t kWall = 1700000000000;

class ASensorClock : public ::testing::Test {
 protected:
  // A reading a minute, each `lag_ms` old when it comes.
  void hear(int minutes, std::int64_t lag_ms, std::uint32_t flags = kPayloadTime, SensorId id = 1) {
    for (int i = 0; i < minutes; ++i) {
      now_ms_ += kMinuteMs;
      Batch batch;
      batch.readings.push_back({id, flags, now_ms_ - lag_ms, now_ms_, 1.0});
      watch_.stored(batch);
    }
  }
  void reject(int minutes, Counter reason) {
    for (int i = 0; i < minutes; ++i) {
      now_ms_ += kMinuteMs;
      Batch batch;
      batch.quarantine.push_back({now_ms_, "s/new", "{}", reason});
      watch_.stored(batch);
    }
  }
  // What the journal is told since the last time.
  std::string told() {
    board_.carry(*journal_);
    std::string text;
    for (const test::KeptRecord& record : test::read_all(*journal_, seen_)) {
      seen_ = record.seq;
      text += record.topic + (record.flags & kConditionOn ? " on: " : " off: ") + record.payload;
    }
    return text;
  }

  FakeClock clock_{kWall};
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_, 64 * 1024);
  ConditionBoard board_;
  std::uint64_t seen_ = 0;
  std::int64_t now_ms_ = kWall;
  SensorClockWatch watch_{std::chrono::minutes(10), board_,
                          [](SensorId id) { return "s/" + std::to_string(id); }};
};

TEST_F(ASensorClock, ThatIsBehindIsToldOfAfterTenMinutesAndUntilItIsRight) {
  hear(10, 62 * kMinuteMs);
  EXPECT_EQ("", told());
  hear(1, 62 * kMinuteMs);
  EXPECT_EQ("sensor-clock on: s/1 is 1h2m behind", told());
  hear(1, 0);
  EXPECT_EQ(0u, told().find("sensor-clock off"));
}

TEST_F(ASensorClock, ThatIsAheadIsToldOfThoughNoReadingOfItIsTaken) {
  reject(11, Counter::kReadingsFuture);
  EXPECT_EQ("sensor-clock on: s/new is ahead by more than clock.max_future", told());
  hear(60, 0);
  EXPECT_EQ("", told());
  hear(1, 0);
  EXPECT_EQ(0u, told().find("sensor-clock off")) << "an hour without another";
}

TEST_F(ASensorClock, IsNotSuspectedForABacklogNorForWhatTheBrokerKept) {
  for (std::uint32_t flag : {kQueued, kRetained, kDuplicate, kClockUnset}) {
    hear(30, 600 * kMinuteMs, kPayloadTime | flag);
  }
  reject(30, Counter::kReadingsInvalid);
  EXPECT_EQ("", told());
}

TEST_F(ASensorClock, IsNotSuspectedWhereASensorSendsWhatItKeptAndIsLiveAgain) {
  for (int hour = 0; hour < 5; ++hour) {
    hear(9, 60 * kMinuteMs);
    hear(51, 0);
  }
  EXPECT_EQ("", told());
}

TEST_F(ASensorClock, ThatWasToldOfBeforeARestartIsNotTakenForRightAtOnce) {
  board_.begin({"sensor-clock"});
  hear(5, 62 * kMinuteMs);
  EXPECT_EQ("", told());
  hear(6, 62 * kMinuteMs);
  EXPECT_EQ("", told()) << "it stands as it did";
  hear(2, 0);
  EXPECT_EQ(0u, told().find("sensor-clock off"));
}

TEST_F(ASensorClock, AmongSeveralIsCounted) {
  for (int i = 0; i < 20; ++i) {
    hear(1, 62 * kMinuteMs, kPayloadTime, 1);
    hear(1, 90 * kMinuteMs, kPayloadTime, 2);
  }
  const std::string text = told();
  EXPECT_NE(std::string::npos, text.find("s/1 is 1h2m behind, and 1 more")) << text;
}

}  // namespace
}  // namespace sluice
