#include "drivers/replay/replay_driver.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"
#include "unit/drivers/fake_output.h"

namespace sluice::drivers {
namespace {

constexpr std::int64_t kWallMs = 1'700'000'000'000;

class Replay : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.name = "test";
    settings_.mapping.topic = "a";
    settings_.mapping.time_column = "t";
    write_rows({0, 1000, 1500, 4000});
  }
  void write_rows(const std::vector<std::int64_t>& times_ms) {
    std::string text = "t,v\n";
    for (std::size_t i = 0; i < times_ms.size(); ++i)
      text += std::to_string(kWallMs + times_ms[i]) + "," + std::to_string(i) + "\n";
    settings_.file = folder_.write("rows.csv", text);
  }
  // Polls whenever the driver wants, and notes when each sample came.
  std::vector<std::int64_t> play(std::int64_t until_ms) {
    ReplayDriver driver(settings_, log_);
    std::vector<std::int64_t> at_ms;
    std::int64_t begin_ms = clock_.now().boot_ms;
    if (!driver.open(clock_.now())) return {-1};
    while (true) {
      Result<Next> next = driver.poll(clock_.now(), output_);
      at_ms.resize(output_.samples.size(), clock_.now().boot_ms - begin_ms);
      if (!next || next->when != Next::When::kAt || next->at_boot_ms - begin_ms > until_ms) return at_ms;
      clock_.pass_ms(std::max<std::int64_t>(0, next->at_boot_ms - clock_.now().boot_ms));
    }
  }
  std::string values() const {
    std::string all;
    for (const Sample& sample : output_.samples)
      all += sample.payload.substr(sample.payload.rfind(':') + 1, 1);
    return all;
  }

  test::TempFolder folder_;
  FakeClock clock_{kWallMs};
  FakeOutput output_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  ReplaySettings settings_;
};

TEST_F(Replay, KeepsTheRecordedPace) {
  EXPECT_EQ((std::vector<std::int64_t>{0, 1000, 1500, 4000}), play(INT64_MAX));
  EXPECT_EQ("0123", values());
}

TEST_F(Replay, GoesFasterByAFactor) {
  settings_.speed = 10;
  EXPECT_EQ((std::vector<std::int64_t>{0, 100, 150, 400}), play(INT64_MAX));
}

TEST_F(Replay, WaitsForNothingAtFullSpeed) {
  settings_.speed = 0;
  EXPECT_EQ((std::vector<std::int64_t>{0, 0, 0, 0}), play(INT64_MAX));
}

TEST_F(Replay, SendsARowThatGoesBackInTimeAtOnce) {
  write_rows({0, 2000, 1000, 3000});
  EXPECT_EQ((std::vector<std::int64_t>{0, 2000, 2000, 3000}), play(INT64_MAX));
}

TEST_F(Replay, SpacesRowsWithoutTimesByTheInterval) {
  settings_.mapping.time_column.clear();
  settings_.interval_ms = 250;
  EXPECT_EQ((std::vector<std::int64_t>{0, 250, 500, 750}), play(INT64_MAX));
}

TEST_F(Replay, BeginsAndEndsWhereAsked) {
  settings_.start = 1;
  settings_.limit = 2;
  EXPECT_EQ((std::vector<std::int64_t>{0, 500}), play(INT64_MAX));
  EXPECT_EQ("12", values());
}

TEST_F(Replay, RepeatsInALoop) {
  settings_.loop = true;
  play(9999);
  EXPECT_EQ("0123012301", values().substr(0, 10));
}

TEST_F(Replay, DoesNotRepeatAFileWithoutRows) {
  settings_.loop = true;
  write_rows({});
  ReplayDriver driver(settings_, log_);
  ASSERT_TRUE(driver.open(clock_.now()));
  EXPECT_FALSE(driver.poll(clock_.now(), output_));
}

TEST_F(Replay, LeavesRowsOutThatCannotBeSentAndCountsThem) {
  settings_.file = folder_.write("rows.csv", "t,v\n1,1\nsoon,2\n3,\n4,4\n");
  settings_.speed = 0;
  ReplayDriver driver(settings_, log_);
  ASSERT_TRUE(driver.open(clock_.now()));
  log_.set_level(LogLevel::kError);
  ASSERT_TRUE(driver.poll(clock_.now(), output_));
  EXPECT_EQ("14", values());
  EXPECT_EQ(2u, driver.rows_skipped());
}

TEST_F(Replay, WaitsForRoomAndLosesNothing) {
  settings_.speed = 0;
  output_.room = 2;
  ReplayDriver driver(settings_, log_);
  ASSERT_TRUE(driver.open(clock_.now()));
  Result<Next> next = driver.poll(clock_.now(), output_);
  EXPECT_EQ(Next::When::kWhenRoom, next->when);
  EXPECT_EQ("01", values());
  output_.room = 10;
  EXPECT_EQ(Next::When::kDone, driver.poll(clock_.now(), output_)->when);
  EXPECT_EQ("0123", values());
}

TEST_F(Replay, GoesOnWhereItWasAfterAnError) {
  settings_.speed = 0;
  settings_.file = folder_.write("rows.csv", "t,v\n1,1\n2,2\n\"3,3\n");
  ReplayDriver driver(settings_, log_);
  ASSERT_TRUE(driver.open(clock_.now()));
  EXPECT_FALSE(driver.poll(clock_.now(), output_));
  driver.close();
  folder_.write("rows.csv", "t,v\n1,1\n2,2\n3,3\n");
  ASSERT_TRUE(driver.open(clock_.now()));
  EXPECT_EQ(Next::When::kDone, driver.poll(clock_.now(), output_)->when);
  EXPECT_EQ("123", values());
}

TEST_F(Replay, NamesFileAndColumnsThatAreNotThere) {
  settings_.mapping.fields = {{"x", "absent"}};
  ReplayDriver driver(settings_, log_);
  Status opened = driver.open(clock_.now());
  ASSERT_FALSE(opened);
  EXPECT_NE(std::string::npos, opened.error().context.find("rows.csv: there is no column 'absent'"));
}

}  // namespace
}  // namespace sluice::drivers
