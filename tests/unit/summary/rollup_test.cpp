#include "summary/rollup.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class RollupOf : public ::testing::Test {
 protected:
  static SummaryView::Sensor sensor(std::uint64_t count, double min, double mean, double max) {
    SummaryView::Sensor sensor;
    sensor.sensor = "a";
    sensor.count = count;
    sensor.min = min;
    sensor.mean = mean;
    sensor.max = max;
    return sensor;
  }
  void add(const SummaryView::Sensor& sensor, bool complete = true) {
    SummaryView day;
    day.complete = complete;
    day.sensors = {sensor};
    rollup_.add(day);
  }
  Rollup rollup_;
};

TEST_F(RollupOf, DaysWeighsEachReadingAlike) {
  SummaryView::Sensor first = sensor(100, -1, 10, 20);
  first.coverage = 1;
  first.in_alert_s = 1.5;
  add(first);
  add(sensor(300, 5, 30, 50), false);
  rollup_.add(SummaryView());
  const PeriodSensor line = rollup_.sensors().at("a");
  EXPECT_EQ(2u, line.days);
  EXPECT_EQ(400u, line.count);
  EXPECT_EQ(-1, line.min);
  EXPECT_EQ(25, line.mean);
  EXPECT_EQ(50, line.max);
  EXPECT_EQ(1.0, line.coverage);
  EXPECT_EQ(1.5, line.in_alert_s);
  EXPECT_FALSE(line.increase.has_value());
  EXPECT_EQ(3u, rollup_.days());
  EXPECT_EQ(2u, rollup_.incomplete_days());
}

TEST_F(RollupOf, CountersGoesOnFromTheLastReadingOfADayToTheFirstOfTheNext) {
  auto counter = [](double first, double last, double increase) {
    SummaryView::Sensor day = sensor(2, std::min(first, last), first, std::max(first, last));
    day.first = first;
    day.last = last;
    day.increase = {increase, 0};
    return day;
  };
  add(counter(100, 110, 10));
  add(counter(113, 120, 7));
  add(counter(4, 5, 1));  // reset in between
  EXPECT_EQ(10.0 + 3 + 7 + 4 + 1, rollup_.sensors().at("a").increase);
}

}  // namespace
}  // namespace sluice
