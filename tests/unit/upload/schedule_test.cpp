#include "upload/schedule.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "upload/uploader.h"

namespace sluice {
namespace {

constexpr std::int64_t kMinute = 60000;
constexpr std::int64_t kHour = 60 * kMinute;

const char* const kZones[] = {"UTC",
                              "Europe/Berlin",
                              "Europe/London",
                              "Europe/Moscow",
                              "America/New_York",
                              "America/Sao_Paulo",
                              "America/Havana",
                              "America/St_Johns",
                              "America/Caracas",
                              "America/Santiago",
                              "Asia/Kolkata",
                              "Asia/Kathmandu",
                              "Asia/Tehran",
                              "Asia/Beirut",
                              "Asia/Pyongyang",
                              "Africa/Cairo",
                              "Africa/Casablanca",
                              "Australia/Lord_Howe",
                              "Pacific/Apia",
                              "Pacific/Kiritimati"};

class Schedule : public ::testing::Test {
 protected:
  static UploadSchedule of(const char* zone, int at_minutes, std::int64_t offset_ms) {
    return UploadSchedule(Calendar::load(zone).value(), at_minutes, offset_ms);
  }
  static Day day(const char* date) { return parse_date(date).value(); }
};

TEST_F(Schedule, GivesEveryDayOfEveryZoneOneSlot) {
  const std::int64_t offset = 7 * kMinute + 13;
  for (const char* zone : kZones) {
    for (int at : {0, 15, 150, 1439}) {
      const UploadSchedule schedule = of(zone, at, offset);
      for (Day today = day("2010-01-01"); today < day("2020-01-01"); ++today) {
        const std::int64_t slot = schedule.slot_ms(today), next = schedule.slot_ms(today + 1);
        ASSERT_LE(slot, next) << zone << " " << format_date(today);
        if (slot == next) continue;  // a day that the zone skipped shares its successor's
        ASSERT_EQ(slot, schedule.newest_slot_ms(slot));
        ASSERT_EQ(slot, schedule.newest_slot_ms(next - 1));
        ASSERT_EQ(next, schedule.newest_slot_ms(next));
        ASSERT_FALSE(schedule.due(next - 1, slot));
        ASSERT_TRUE(schedule.due(next, slot));
      }
    }
  }
}

TEST_F(Schedule, RunsEachSlotOnceWhenAskedNowAndThen) {
  std::mt19937_64 random(5);
  for (const char* zone : kZones) {
    const UploadSchedule schedule = of(zone, 15, 3 * kMinute);
    const std::int64_t begin = schedule.slot_ms(day("2011-06-01")), end = schedule.slot_ms(day("2012-06-01"));
    std::int64_t last = begin;
    std::map<std::int64_t, int> served;
    for (std::int64_t now = begin; now < end; now += static_cast<std::int64_t>(random() % (90 * kMinute))) {
      if (!schedule.due(now, last)) continue;
      ++served[schedule.newest_slot_ms(now)];
      last = now;
    }
    EXPECT_LE(364u, served.size()) << zone;
    EXPECT_GE(366u, served.size()) << zone;
    for (const auto& [slot, times] : served) ASSERT_EQ(1, times) << zone << " " << slot;
  }
}

TEST_F(Schedule, CatchesUpOnceAfterADowntimeOfDays) {
  const UploadSchedule schedule = of("Europe/Berlin", 15, 0);
  const std::int64_t last = schedule.slot_ms(day("2016-03-20")) + kMinute;
  const std::int64_t now = schedule.slot_ms(day("2016-03-28")) + 9 * kHour;
  EXPECT_TRUE(schedule.due(now, last));
  EXPECT_FALSE(schedule.due(now + 1, now));
  EXPECT_TRUE(schedule.due(schedule.slot_ms(day("2016-03-29")), now));
  EXPECT_TRUE(schedule.due(now, 0)) << "never run";
}

TEST_F(Schedule, NeitherRepeatsNorLosesASlotOverAStepOfTheClock) {
  const UploadSchedule schedule = of("Europe/Berlin", 15, 0);
  const std::int64_t slot = schedule.slot_ms(day("2016-03-27"));
  const std::int64_t last = slot + kMinute;
  EXPECT_FALSE(schedule.due(slot - kHour, last)) << "the clock went back over the slot";
  EXPECT_FALSE(schedule.due(slot, last)) << "the slot comes a second time";
  EXPECT_FALSE(schedule.due(slot + 2 * kMinute, last));
  EXPECT_TRUE(schedule.due(schedule.slot_ms(day("2016-03-28")), last));
  EXPECT_TRUE(schedule.due(slot, slot + 365 * 24 * kHour)) << "the last run was in a year that is not";
}

TEST_F(Schedule, ShowsTheAtOfTheLocalDay) {
  const UploadSchedule schedule = of("Europe/Berlin", 15, 0);
  EXPECT_EQ(1459034100000, schedule.slot_ms(day("2016-03-27")));  // 00:15 CET = 23:15 UTC
  EXPECT_EQ(1459116900000, schedule.slot_ms(day("2016-03-28")));  // 00:15 CEST = 22:15 UTC
}

TEST(SpreadOffset, IsTheGatewaysOwnAndWithinTheSpread) {
  const std::chrono::milliseconds spread(600000);
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::int64_t offset = spread_offset_ms("gateway-" + std::to_string(i), spread);
    EXPECT_EQ(offset, spread_offset_ms("gateway-" + std::to_string(i), spread));
    ASSERT_TRUE(offset >= 0 && offset < spread.count());
    sum += static_cast<double>(offset);
  }
  EXPECT_NEAR(300000, sum / 1000, 20000);
  EXPECT_EQ(0, spread_offset_ms("gateway", std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace sluice
