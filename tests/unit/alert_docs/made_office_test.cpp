// The rule for an office of daemon/alert/README.md on a year that is made here: warm by season and time of
// day, some noise, hours that a window or a door explains, and two weeks in which the heating has failed.
#include <cmath>
#include <numbers>
#include <random>

#include "unit/alert_docs/office.h"

namespace sluice {
namespace {

constexpr int kHoursADay = 24;
constexpr int kHours = 365 * kHoursADay;
constexpr std::int64_t kBegin = 1767225600000;  // 2026-01-01T00:00:00Z
constexpr int kTooWarm = 150 * kHoursADay;
constexpr int kTooCold = 320 * kHoursADay;
constexpr int kFailed = 7 * kHoursADay;
constexpr int kNearly = 230 * kHoursADay;  // half a day that only a tighter band minds

std::int64_t time_of(int hour) {
  return kBegin + hour * kHour;
}

// By how much of a failure's 16 °F, hour by hour: it takes a day to come.
double failed(int hour, int since) {
  if (hour < since || hour >= since + kFailed) return 0;
  return std::min(1.0, static_cast<double>(hour - since) / kHoursADay);
}

std::vector<Hourly> made_year() {
  std::mt19937 random(7);
  std::vector<Hourly> readings;
  for (int hour = 0; hour < kHours; ++hour) {
    const double turn = 2 * std::numbers::pi * hour;
    double value = 71 + 3 * std::sin(turn / kHours) + 3 * std::sin(turn / kHoursADay);
    value += static_cast<double>(random() % 2001) / 1000 - 1;
    value += 16 * failed(hour, kTooWarm) - 16 * failed(hour, kTooCold);
    if (hour % 1000 == 999) value = 100;  // one reading in the sun
    if (hour >= kNearly && hour < kNearly + kHoursADay / 2) value = 81;
    readings.push_back({time_of(hour), std::to_string(value)});
  }
  return readings;
}

TEST(MadeOffice, FindsBothFailuresNothingElseAndABacktestTellsWhatATighterBandAdds) {
  expect_the_rule_to_find(
      made_year(),
      {{time_of(kTooWarm), time_of(kTooWarm + kFailed)}, {time_of(kTooCold), time_of(kTooCold + kFailed)}},
      0);
}

}  // namespace
}  // namespace sluice
