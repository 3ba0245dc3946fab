#include "engine/stream_clock.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class StreamClockOf : public ::testing::Test {
 protected:
  FoldTime at(RecordKind kind, std::int64_t wall_ms, std::int64_t boot_ms, const char* topic = "") {
    JournalRecord record;
    record.kind = kind;
    record.wall_ms = wall_ms;
    record.boot_ms = boot_ms;
    record.topic = topic;
    FoldTime time = clock_.observe(record);
    clock_.apply(record);
    return time;
  }
  StreamClock clock_{StreamClockState{}};
};

TEST_F(StreamClockOf, RunsWithTheBootClockWhateverTheWallClockDoes) {
  EXPECT_EQ(5000, at(RecordKind::kStart, 5000, 100, "boot-1").stream_ms);
  EXPECT_EQ(5010, at(RecordKind::kClockTrusted, 5010, 110).stream_ms);
  EXPECT_EQ(5050, at(RecordKind::kMessage, 999999, 150).stream_ms);
  EXPECT_EQ(5060, at(RecordKind::kMessage, 10, 160).stream_ms);
  EXPECT_EQ(-5050, clock_.time().wall_minus_stream_ms);
}

TEST_F(StreamClockOf, GoesOnOverARebootAndNeverBack) {
  at(RecordKind::kStart, 5000, 100, "boot-1");
  at(RecordKind::kMessage, 6000, 1100);
  EXPECT_EQ(9000, at(RecordKind::kStart, 9000, 50, "boot-2").stream_ms);
  EXPECT_EQ(9010, at(RecordKind::kMessage, 9010, 60).stream_ms);
  EXPECT_EQ(9010, at(RecordKind::kStart, 0, 50, "boot-3").stream_ms) << "a clock not set yet";
}

TEST_F(StreamClockOf, EstimatesTheTimeByTheBootClockUntilTheWallClockIsTrusted) {
  at(RecordKind::kStart, 5000, 100, "boot-1");
  at(RecordKind::kClockTrusted, 90000, 1100);
  EXPECT_EQ(91000, at(RecordKind::kMessage, 91000, 2100).wall_ms());
  EXPECT_EQ(91000, at(RecordKind::kStart, 0, 50, "boot-2").wall_ms()) << "last known time";
  EXPECT_EQ(91010, at(RecordKind::kMessage, 777, 60).wall_ms()) << "and what has passed since";
  EXPECT_EQ(91030, at(RecordKind::kStart, 777, 80, "boot-2").wall_ms()) << "the process, not the machine";
  const FoldTime set = at(RecordKind::kClockTrusted, 500000, 90);
  EXPECT_TRUE(set.clock_trusted && set.wall_ms() == 500000);
  EXPECT_EQ(500400, at(RecordKind::kStart, 500400, 10, "boot-3").wall_ms()) << "a clock that went on";
  EXPECT_FALSE(clock_.state().clock_trusted);
}

TEST_F(StreamClockOf, KeepsItsOffsetToTheWallClockUntilItIsTooFarOff) {
  at(RecordKind::kStart, 5000, 100, "boot-1");
  at(RecordKind::kClockTrusted, 5010, 100);
  EXPECT_EQ(5110, at(RecordKind::kMessage, 5111, 200).wall_ms()) << "rounding";
  EXPECT_EQ(6010, at(RecordKind::kMessage, 6030, 1100).wall_ms()) << "slewing";
  EXPECT_EQ(7031, at(RecordKind::kMessage, 7031, 2100).wall_ms());
  EXPECT_EQ(7131, at(RecordKind::kStart, 7120, 2200, "boot-1").wall_ms());
  EXPECT_EQ(7210, at(RecordKind::kMessage, 7210, 2300).wall_ms());
}

TEST_F(StreamClockOf, BelievesNoTimeBeforeTheProgramWasBuilt) {
  clock_ = StreamClock(StreamClockState{}, 700000);
  EXPECT_EQ(700000, at(RecordKind::kStart, 0, 100, "boot-1").wall_ms());
  EXPECT_EQ(700050, at(RecordKind::kMessage, 50, 150).wall_ms());
}

TEST_F(StreamClockOf, CountsSubscribedTimeOnlyWhileConnected) {
  at(RecordKind::kStart, 0, 0, "b");
  at(RecordKind::kConnected, 100, 100);
  EXPECT_EQ(50, at(RecordKind::kMessage, 150, 150).subscribed_ms);
  at(RecordKind::kDisconnected, 200, 200);
  at(RecordKind::kConnected, 1000, 1000);
  EXPECT_EQ(110, at(RecordKind::kMessage, 1010, 1010).subscribed_ms);
  EXPECT_EQ(110, at(RecordKind::kStart, 5000, 5000, "b").subscribed_ms) << "nobody was there";
}

}  // namespace
}  // namespace sluice
