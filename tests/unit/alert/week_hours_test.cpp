#include "alert/week_hours.h"

#include <gtest/gtest.h>

#include "base/time_text.h"

namespace sluice {
namespace {

class HoursOfAWeek : public ::testing::Test {
 protected:
  bool within(const WeekHours& hours, const std::string& time) const {
    return is_within({hours}, berlin_, *parse_rfc3339(time));
  }
  std::string next(const WeekHours& hours, const std::string& time) const {
    return format_rfc3339(next_edge_ms({hours}, berlin_, *parse_rfc3339(time)));
  }
  Calendar berlin_ = Calendar::load("Europe/Berlin").value();
};

TEST_F(HoursOfAWeek, FollowTheLocalClock) {
  const WeekHours office{0x1f, 7 * 60, 19 * 60};
  EXPECT_FALSE(within(office, "2026-03-02T05:59:59Z"));  // Monday, 06:59:59
  EXPECT_TRUE(within(office, "2026-03-02T06:00:00Z"));
  EXPECT_FALSE(within(office, "2026-03-02T18:00:00Z"));
  EXPECT_FALSE(within(office, "2026-03-07T10:00:00Z"));  // Saturday
  EXPECT_TRUE(within(office, "2026-03-30T05:00:00Z"));   // summer time
  EXPECT_EQ("2026-03-09T06:00:00.000Z", next(office, "2026-03-06T18:00:00Z"));
}

TEST_F(HoursOfAWeek, PastMidnightBelongToTheDayOnWhichTheyBegin) {
  const WeekHours night{0x10, 22 * 60, 6 * 60};  // Friday
  EXPECT_TRUE(within(night, "2026-03-07T04:59:00Z"));
  EXPECT_FALSE(within(night, "2026-03-06T04:59:00Z"));
  EXPECT_EQ("2026-03-07T05:00:00.000Z", next(night, "2026-03-06T21:00:00Z"));
}

TEST_F(HoursOfAWeek, CoverBothHoursWhenTheClockIsSetBack) {
  const WeekHours half{0x7f, 2 * 60, 2 * 60 + 30};  // on 2026-10-25 3:00 is 2:00 again, at 01:00 UTC
  EXPECT_FALSE(within(half, "2026-10-24T23:59:59Z"));
  EXPECT_TRUE(within(half, "2026-10-25T00:00:00Z"));
  EXPECT_FALSE(within(half, "2026-10-25T00:30:00Z"));
  EXPECT_TRUE(within(half, "2026-10-25T01:00:00Z"));
  EXPECT_FALSE(within(half, "2026-10-25T01:30:00Z"));
  EXPECT_EQ("2026-10-25T00:00:00.000Z", next(half, "2026-10-24T12:00:00Z"));
  EXPECT_EQ("2026-10-25T00:30:00.000Z", next(half, "2026-10-25T00:00:00Z"));
  EXPECT_EQ("2026-10-25T01:00:00.000Z", next(half, "2026-10-25T00:30:00Z"));
  EXPECT_EQ("2026-10-25T01:30:00.000Z", next(half, "2026-10-25T01:00:00Z"));
  EXPECT_EQ("2026-10-26T01:00:00.000Z", next(half, "2026-10-25T01:30:00Z"));
  const WeekHours later{0x7f, 2 * 60 + 15, 4 * 60};
  EXPECT_EQ("2026-10-25T01:00:00.000Z", next(later, "2026-10-25T00:15:00Z")) << "it shows 2:00";
}

TEST_F(HoursOfAWeek, AreShorterByWhatTheClockLeavesOut) {
  const WeekHours half{0x7f, 2 * 60, 2 * 60 + 30};  // on 2026-03-29 2:00 is 3:00, at 01:00 UTC
  for (const char* time : {"2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-03-29T01:29:59Z"})
    EXPECT_FALSE(within(half, time)) << time;
  EXPECT_EQ("2026-03-30T00:00:00.000Z", next(half, "2026-03-28T12:00:00Z"));
  const WeekHours over{0x7f, 2 * 60 + 30, 3 * 60 + 30};
  EXPECT_TRUE(within(over, "2026-03-29T01:00:00Z"));
  EXPECT_FALSE(within(over, "2026-03-29T01:30:00Z"));
  EXPECT_EQ("2026-03-29T01:00:00.000Z", next(over, "2026-03-28T12:00:00Z"));
  EXPECT_EQ("2026-03-29T01:30:00.000Z", next(over, "2026-03-29T01:00:00Z"));
}

TEST_F(HoursOfAWeek, OfAWholeDayEndAtMidnight) {
  const WeekHours sunday{0x40, 0, 24 * 60};
  EXPECT_TRUE(within(sunday, "2026-03-28T23:30:00Z"));
  EXPECT_TRUE(within(sunday, "2026-03-29T21:59:59Z"));
  EXPECT_FALSE(within(sunday, "2026-03-29T22:00:00Z"));
  EXPECT_EQ("2026-03-29T22:00:00.000Z", next(sunday, "2026-03-28T23:30:00Z"));
}

}  // namespace
}  // namespace sluice
