#include "decode/sensor_profile.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

class Profile : public ::testing::Test {
 protected:
  Counter apply(double value) {
    result_ = value;
    return profile_.apply(result_);
  }
  SensorProfile profile_;
  double result_ = 0;
};

TEST_F(Profile, LeavesAReadingAloneUnlessToldOtherwise) {
  EXPECT_EQ(Counter::kCount_, apply(21.53));
  EXPECT_EQ(21.53, result_);
}

TEST_F(Profile, LooksForSentinelsBeforeCalibrationAndForPlausibilityAfter) {
  profile_.scale = 0.5;
  profile_.offset = -1;
  profile_.invalid = {85, -127};
  profile_.plausible = std::pair(-10.0, 41.5);
  EXPECT_EQ(Counter::kReadingsInvalid, apply(85));
  EXPECT_EQ(85, result_);
  EXPECT_EQ(Counter::kReadingsInvalid, apply(-127));
  EXPECT_EQ(Counter::kCount_, apply(80));
  EXPECT_EQ(39, result_);
  // 86 is calibrated to 42; both ends belong to the interval.
  EXPECT_EQ(Counter::kReadingsImplausible, apply(86));
  EXPECT_EQ(42, result_);
  EXPECT_EQ(Counter::kReadingsImplausible, apply(-18.5));
  EXPECT_EQ(Counter::kCount_, apply(-18));
  EXPECT_EQ(-10, result_);
}

TEST_F(Profile, NeverLetsAnythingButAFiniteNumberThrough) {
  EXPECT_EQ(Counter::kReadingsNotANumber, apply(std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(Counter::kReadingsOutOfRange, apply(std::numeric_limits<double>::infinity()));
  EXPECT_EQ(Counter::kReadingsOutOfRange, apply(-std::numeric_limits<double>::infinity()));
  profile_.scale = 10;
  EXPECT_EQ(Counter::kReadingsOutOfRange, apply(1e308));
  EXPECT_EQ(1e308, result_);
  profile_.invalid = {std::numeric_limits<double>::quiet_NaN()};
  profile_.plausible = std::pair(0.0, std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(Counter::kReadingsImplausible, apply(1));
}

TEST(Profiles, MergeAllMatchingEntriesAndLaterOnesWin) {
  SensorEntry all;
  all.sensor = "#";
  all.scale = 2;
  all.unit = "K";
  all.invalid = {85};
  all.labels = {{"site", "berlin"}, {"floor", "1"}};
  SensorEntry kitchen;
  kitchen.sensor = "home/kitchen/+";
  kitchen.offset = -0.4;
  kitchen.plausible = std::pair(-40.0, 125.0);
  kitchen.labels = {{"floor", "2"}};
  SensorEntry other;
  other.sensor = "home/garden/+";
  other.scale = 9;
  SensorEntry last;
  last.sensor = "home/kitchen/temperature";
  last.scale = 3;
  last.invalid = {-127};
  last.every = std::chrono::seconds(60);
  const std::vector<SensorEntry> entries = {all, kitchen, other, last};

  SensorProfile profile = profile_of(entries, "home/kitchen/temperature", "°C");
  EXPECT_EQ(3, profile.scale);
  EXPECT_EQ(-0.4, profile.offset);
  EXPECT_EQ(std::pair(-40.0, 125.0), profile.plausible);
  EXPECT_EQ(std::vector<double>{-127}, profile.invalid);
  EXPECT_EQ(std::chrono::seconds(60), profile.every);
  EXPECT_EQ("K", profile.unit);
  EXPECT_EQ((std::map<std::string, std::string>{{"site", "berlin"}, {"floor", "2"}}), profile.labels);

  EXPECT_EQ("°C", profile_of({kitchen}, "home/attic/temperature", "°C").unit);
  EXPECT_EQ(1, profile_of({kitchen}, "home/attic/temperature", "°C").scale);
}

}  // namespace
}  // namespace sluice
