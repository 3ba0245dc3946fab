#include "base/calendar.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <vector>

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

// Every zone that the system has; other names are links to these.
std::vector<std::string> all_zones() {
  std::ifstream file("/usr/share/zoneinfo/tzdata.zi");
  std::vector<std::string> zones;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("Z ")) zones.push_back(line.substr(2, line.find(' ', 2) - 2));
  }
  std::erase(zones, "Factory");  // stands for "not configured yet"
  return zones;
}

constexpr std::int64_t kHourMs = 3600000;

// Days from `first` to `last` begin in order, are 0 to 50 hours long, and hold their instants.
void expect_tiles(const Calendar& calendar, Day first, Day last, const std::string& what) {
  std::int64_t begin_ms = calendar.begin_ms(first);
  for (Day day = first; day <= last; ++day) {
    const std::int64_t end_ms = calendar.begin_ms(day + 1);
    const std::int64_t length_ms = end_ms - begin_ms;
    ASSERT_TRUE(length_ms >= 0 && length_ms <= 50 * kHourMs)
        << what << " " << format_date(day) << " has " << length_ms << " ms";
    if (length_ms > 0 && (length_ms != 24 * kHourMs || day % 16 == 0)) {
      ASSERT_EQ(day, calendar.day_of(end_ms - 1)) << what;
      ASSERT_EQ(day, calendar.day_of(begin_ms)) << what;
      ASSERT_LT(calendar.day_of(begin_ms - 1), day) << what;
    }
    begin_ms = end_ms;
  }
}

TEST_F(CalendarOf, TilesTheTimeLineInEveryZoneFrom1970To2037) {
  const std::vector<std::string> zones = all_zones();
  ASSERT_LT(300u, zones.size()) << "tzdata.zi of package tzdata lists the zones";
  for (const std::string& name : zones) {
    expect_tiles(zone(name.c_str()), 0, *parse_date("2037-12-30"), name);
    if (HasFatalFailure()) return;
  }
}

TEST_F(CalendarOf, TilesTheTimeLineOverAnyChangesOfZone) {
  const std::vector<std::string> zones = all_zones();
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    auto any = [&] { return zones[random() % zones.size()]; };
    Calendar calendar = zone(any().c_str());
    const Day first = static_cast<Day>(random() % 24000);
    Day newest = first;
    for (int change = 0; change < 4; ++change) {
      newest += static_cast<Day>(random() % 5);
      const Calendar next = zone(any().c_str());
      const Day from = calendar.first_day_after(newest, next);
      const Calendar both = calendar.then(from, next.zone_name()).value();
      ASSERT_LE(from, newest + 3);
      for (Day day = first - 5; day <= newest; ++day) {
        ASSERT_EQ(calendar.begin_ms(day), both.begin_ms(day)) << "a day that was there moved";
        ASSERT_EQ(calendar.end_ms(day), both.end_ms(day));
      }
      ASSERT_EQ(next.begin_ms(from), both.begin_ms(from));
      ASSERT_EQ(next.begin_ms(from + 9), both.begin_ms(from + 9));
      calendar = both;
      newest = from;
    }
    expect_tiles(calendar, first - 5, newest + 9, "changed zones");
    for (int i = 0; i < 50; ++i) {
      const auto t = calendar.begin_ms(first - 3) +
                     static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(40 * 24 * kHourMs));
      const Day day = calendar.day_of(t);
      ASSERT_TRUE(calendar.begin_ms(day) <= t && t < calendar.end_ms(day)) << t;
    }
    if (HasFatalFailure()) return;
  }
}

TEST_F(CalendarOf, GivesTheDayOfAChangeToTheOldZoneAtItsBeginAndToTheNewOneAtItsEnd) {
  const Calendar berlin = zone("Europe/Berlin");
  const Day newest = parse_date("2026-05-10").value();
  for (const auto& [name, hours_of_change] :
       {std::pair{"Asia/Tokyo", 17.0}, {"America/New_York", 30.0}, {"Pacific/Kiritimati", 12.0}}) {
    const Calendar next = zone(name);
    const Calendar both = berlin.then(berlin.first_day_after(newest, next), name).value();
    EXPECT_EQ(24, hours(both, "2026-05-10"));
    EXPECT_EQ(hours_of_change, hours(both, "2026-05-11")) << name;
    EXPECT_EQ(24, hours(both, "2026-05-12"));
    EXPECT_EQ("Europe/Berlin", both.zone_name(newest + 1));
    EXPECT_EQ(name, both.zone_name(newest + 2));
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
