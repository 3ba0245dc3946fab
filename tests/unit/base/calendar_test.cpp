#include "base/calendar.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class CalendarOf : public ::testing::Test {
 protected:
  static Calendar zone(const char* name) { return Calendar::load(name).value(); }
  static double hours(const Calendar& calendar, const char* date) {
    Day day = parse_date(date).value();
    return static_cast<double>(calendar.end_ms(day) - calendar.begin_ms(day)) / 3600000.0;
  }
};

TEST_F(CalendarOf, GivesDaysOf23And25HoursAtDaylightSavingChanges) {
  Calendar berlin = zone("Europe/Berlin");
  EXPECT_EQ(23, hours(berlin, "2016-03-27"));
  EXPECT_EQ(25, hours(berlin, "2016-10-30"));
  EXPECT_EQ(24, hours(berlin, "2016-07-01"));
}

TEST_F(CalendarOf, BeginsADayAtItsFirstInstantWhereMidnightIsSkippedOrRepeated) {
  EXPECT_EQ(23, hours(zone("America/Sao_Paulo"), "2018-11-04"));  // 00:00 does not exist
  EXPECT_EQ(25, hours(zone("America/Havana"), "2018-11-04"));     // 00:00…01:00 comes twice
  EXPECT_EQ(0, hours(zone("Pacific/Apia"), "2011-12-30"));        // the whole day is skipped
}

TEST_F(CalendarOf, FindsTheDayThatHoldsEachInstant) {
  for (const char* name :
       {"UTC", "Europe/Berlin", "America/Sao_Paulo", "America/Havana", "Pacific/Apia", "Asia/Kolkata"}) {
    Calendar calendar = zone(name);
    for (std::int64_t t = 1293840000000; t < 1546300800000; t += 6 * 3600000 + 12345) {
      Day day = calendar.day_of(t);
      ASSERT_LE(calendar.begin_ms(day), t) << name;
      ASSERT_GT(calendar.end_ms(day), t) << name;
    }
  }
}

TEST_F(CalendarOf, RefusesAnUnknownZone) {
  EXPECT_EQ(ErrorCode::kNotFound, Calendar::load("Europe/Berlim").error().code);
}

TEST(Dates, AreReadAndWrittenAsIso8601) {
  EXPECT_EQ("1970-01-01", format_date(0));
  EXPECT_EQ("2024-02-29", format_date(parse_date("2024-02-29").value()));
  for (const char* wrong : {"2023-02-29", "2024-2-01", "2024-13-01", "", "2024-01-01x", "20240101"}) {
    EXPECT_FALSE(parse_date(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace sluice
