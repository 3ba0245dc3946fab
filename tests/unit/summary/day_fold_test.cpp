#include "summary/day_fold.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <random>
#include <set>

#include "base/sha256.h"
#include "unit/summary/fake_day_table.h"
#include "unit/summary/reference_day.h"

namespace sluice {
namespace {

// All of a fold, every bit of it.
std::string bits(const DayFold& fold) {
  std::string text = fold.digest + " " + std::to_string(fold.stored) + " " + std::to_string(fold.duplicate) +
                     " " + std::to_string(fold.late) + " " + std::to_string(fold.too_late) + "\n";
  for (const SensorDay& day : fold.sensors) {
    char line[600];
    std::snprintf(line, sizeof line, " %llu %a %a %lld %lld %a %a %a %a %a %a %a %a %a %lld\n",
                  static_cast<unsigned long long>(day.count), day.min, day.max,
                  static_cast<long long>(day.min_at_ms), static_cast<long long>(day.max_at_ms), day.mean,
                  day.stddev, day.p5, day.p50, day.p95, day.p99, day.first, day.last,
                  day.coverage.value_or(-1), static_cast<long long>(day.longest_gap_ms));
    text += day.sensor + line;
    std::snprintf(line, sizeof line, " %a %a %a %llu %llu %lld %zu\n", day.sum, day.time_weighted_mean,
                  day.increase, static_cast<unsigned long long>(day.resets),
                  static_cast<unsigned long long>(day.states.transitions),
                  static_cast<long long>(day.states.others_ms), day.hours.size());
    text += line;
    for (const StateTime& state : day.states.states) {
      std::snprintf(line, sizeof line, " %a %lld", state.value, static_cast<long long>(state.time_ms));
      text += line;
    }
    for (const HourRow& hour : day.hours) {
      std::snprintf(line, sizeof line, " %llu %a %a %a", static_cast<unsigned long long>(hour.count),
                    hour.min, hour.mean, hour.max);
      text += line;
    }
    text += '\n';
  }
  return text;
}

class DayFoldOf : public ::testing::Test {
 protected:
  void SetUp() override { set_day("UTC", "2024-05-01"); }

  void set_day(const char* zone, const char* date) {
    Calendar calendar = Calendar::load(zone).value();
    const Day day = parse_date(date).value();
    input_.from_ms = calendar.begin_ms(day);
    input_.to_ms = calendar.end_ms(day);
    input_.late_after_ms = input_.to_ms + 600000;
  }
  void add_sensor(const std::string& name, std::int64_t every_ms = 0, SensorKind kind = SensorKind::kGauge) {
    const auto id = static_cast<SensorId>(input_.sensors.size() + 1);
    input_.sensors.push_back({id, name, every_ms, kind});
  }
  void add(SensorId sensor, std::int64_t offset_ms, double value, std::uint32_t flags = kPayloadTime) {
    table_.rows.push_back({sensor, flags, input_.from_ms + offset_ms, input_.from_ms + offset_ms, value});
  }
  DayFold fold(std::size_t memory_bytes_max = 1u << 20) {
    input_.memory_bytes_max = memory_bytes_max;
    return fold_day(table_, input_).value();
  }
  void random_day(std::mt19937_64& random) {
    auto up_to = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    table_.rows.clear();
    input_.sensors.clear();
    const std::int64_t sensors = 1 + up_to(8);
    for (std::int64_t i = 0; i < sensors; ++i) {
      const std::int64_t every[] = {0, 1000, 60000, 7 * 3600000, 90000000};
      const SensorKind kinds[] = {SensorKind::kGauge, SensorKind::kCounter, SensorKind::kState};
      add_sensor(std::string(1, static_cast<char>(up_to(256))) + "/" + std::to_string(i), every[up_to(5)],
                 kinds[up_to(3)]);
    }
    const std::int64_t rows = up_to(4) == 0 ? up_to(4) : up_to(1500);
    const std::int64_t span = up_to(3) == 0 ? 50 : input_.to_ms - input_.from_ms;
    const double scales[] = {0.1, 1e9, 1e-280, 1e160};
    const double scale = scales[up_to(4)];
    for (std::int64_t i = 0; i < rows; ++i) {
      const double value = up_to(2) == 0 ? scale * static_cast<double>(up_to(7) - 3) * (up_to(2) ? 1.0 : -1.0)
                                         : scale * std::generate_canonical<double, 53>(random);
      const std::uint32_t extra[] = {0, kDuplicate, kTooLate, kRetained, kDuplicate | kTooLate};
      Reading row{static_cast<SensorId>(1 + std::min(up_to(sensors), up_to(sensors))),
                  (up_to(3) ? kPayloadTime : 0u) | (up_to(10) ? 0u : extra[up_to(5)]),
                  input_.from_ms + (up_to(2) ? i * span / rows : up_to(span)), 0, value};
      row.arrival_ms = row.time_ms + (up_to(5) ? 0 : up_to(2 * 86400000));
      table_.rows.push_back(row);
      if (up_to(20) == 0) table_.rows.push_back(row);
    }
  }
  static void expect_equal(const DayFold& expected, const DayFold& actual) {
    EXPECT_EQ(expected.stored, actual.stored);
    EXPECT_EQ(expected.duplicate, actual.duplicate);
    EXPECT_EQ(expected.late, actual.late);
    EXPECT_EQ(expected.too_late, actual.too_late);
    EXPECT_EQ(expected.digest, actual.digest);
    // All but the two that are rounded differently.
    DayFold exact = expected;
    ASSERT_EQ(expected.sensors.size(), actual.sensors.size());
    for (std::size_t i = 0; i < exact.sensors.size(); ++i) {
      SensorDay& wanted = exact.sensors[i];
      const SensorDay& got = actual.sensors[i];
      const double largest = std::max(std::abs(wanted.min), std::abs(wanted.max));
      EXPECT_NEAR(wanted.mean, got.mean, largest * 4e-16);
      EXPECT_NEAR(wanted.stddev, got.stddev, largest * 4e-16 + wanted.stddev * 1e-14);
      wanted.mean = got.mean;
      wanted.stddev = got.stddev;
    }
    EXPECT_EQ(bits(exact), bits(actual));
  }

  DayFoldInput input_;
  FakeDayTable table_;
};

TEST_F(DayFoldOf, AgreesWithAPlainReferenceOnRandomDays) {
  const std::pair<const char*, const char*> days[] = {{"UTC", "2024-02-29"},
                                                      {"Europe/Berlin", "2016-03-27"},
                                                      {"Europe/Berlin", "2016-10-30"},
                                                      {"America/Havana", "2018-11-04"},
                                                      {"Australia/Lord_Howe", "2024-04-07"}};
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    set_day(days[seed % 5].first, days[seed % 5].second);
    random_day(random);
    expect_equal(Reference(table_.rows, input_).fold, fold());
    if (HasFailure()) return;
  }
}

TEST_F(DayFoldOf, DependsNeitherOnMemoryNorOnTheOrderOfArrival) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    set_day("Europe/Berlin", seed % 2 ? "2016-10-30" : "2016-03-27");
    random_day(random);
    const std::string wanted = bits(fold());
    for (const std::string& folder : {std::string(), ::testing::TempDir()}) {
      input_.scratch_folder = folder;
      for (std::size_t memory : {0u, 16u, 480u, 3200u, 16000u, 40000u}) {
        if (!folder.empty() && memory < 16000) continue;  // too many runs
        std::shuffle(table_.rows.begin(), table_.rows.end(), random);
        ASSERT_EQ(wanted, bits(fold(memory))) << memory << folder;
      }
    }
    input_.scratch_folder.clear();
  }
}

TEST_F(DayFoldOf, ReadsTheTableOnceOrWithoutAScratchFileOnceMoreAGroup) {
  for (int sensor = 0; sensor < 10; ++sensor) add_sensor("s" + std::to_string(sensor));
  for (int i = 0; i < 1000; ++i) add(static_cast<SensorId>(1 + i % 10), i, i);
  auto visits_with = [&](std::size_t memory, const std::string& folder) {
    table_.visits = 0;
    input_.scratch_folder = folder;
    fold(memory);
    return table_.visits;
  };
  EXPECT_EQ(1, visits_with(1000 * 28, ""));
  EXPECT_EQ(1 + 1, visits_with(1000 * 12, ""));
  EXPECT_EQ(1 + 5, visits_with(200 * 12, ""));
  EXPECT_EQ(1 + 5, visits_with(200 * 12, "/nonexistent")) << "a scratch file cannot be opened";
  EXPECT_EQ(1, visits_with(200 * 12, ::testing::TempDir()));
}

TEST_F(DayFoldOf, CountsEqualPayloadReadingsOnceAndEqualUntimedOnesEachTime) {
  add_sensor("a");
  add(1, 1000, 5.0);
  add(1, 1000, 5.0);
  add(1, 1000, 5.0, 0);
  add(1, 1000, 5.0, 0);
  add(1, 1000, 6.0, kPayloadTime | kDuplicate);
  add(1, 1000, 7.0, kPayloadTime | kTooLate);
  const DayFold day = fold();
  EXPECT_EQ(3u, day.stored);
  EXPECT_EQ(2u, day.duplicate);
  EXPECT_EQ(1u, day.too_late);
  EXPECT_EQ(5.0, day.sensors.at(0).max);
}

TEST_F(DayFoldOf, TakesPercentilesByNearestRank) {
  add_sensor("a");
  for (int i = 100; i >= 1; --i) add(1, i, i);
  const DayFold day = fold();
  EXPECT_EQ(5.0, day.sensors.at(0).p5);
  EXPECT_EQ(50.0, day.sensors.at(0).p50);
  EXPECT_EQ(95.0, day.sensors.at(0).p95);
  EXPECT_EQ(99.0, day.sensors.at(0).p99);
}

TEST_F(DayFoldOf, LetsAValueStandUntilTheNextOne) {
  add_sensor("a");
  add(1, 6 * 3600000, 10.0);
  add(1, 18 * 3600000, 40.0);
  EXPECT_EQ(20.0, fold().sensors.at(0).time_weighted_mean) << "12 h of 10 and 6 h of 40";
  EXPECT_EQ(50.0, fold().sensors.at(0).sum);
}

TEST_F(DayFoldOf, CountsWhatACounterGrewOverItsResets) {
  add_sensor("a", 0, SensorKind::kCounter);
  int hour = 0;
  for (double value : {100.0, 130.0, 130.0, 5.0, 25.0, 0.0, 1.0}) add(1, ++hour * 3600000, value);
  const SensorDay day = fold().sensors.at(0);
  EXPECT_EQ(30.0 + 5.0 + 20.0 + 0.0 + 1.0, day.increase);
  EXPECT_EQ(2u, day.resets);
}

TEST_F(DayFoldOf, TellsHowLongASensorWasInEachState) {
  add_sensor("door", 0, SensorKind::kState);
  add(1, 3600000, 0.0);
  add(1, 2 * 3600000, 1.0);
  add(1, 3 * 3600000, 1.0);
  add(1, 5 * 3600000, 0.0);
  const StateTimes expected{2, {{0.0, 20 * 3600000}, {1.0, 3 * 3600000}}, 0};
  EXPECT_EQ(expected, fold().sensors.at(0).states);
}

TEST_F(DayFoldOf, HasARowForEachHourOfADayOf23Or25) {
  for (const auto& [date, hours] : {std::pair{"2016-03-27", 23u}, {"2016-10-30", 25u}, {"2016-07-01", 24u}}) {
    table_.rows.clear();
    input_.sensors.clear();
    set_day("Europe/Berlin", date);
    add_sensor("a");
    add(1, 0, 1.0);
    add(1, 2 * 3600000, 2.0);
    add(1, 3 * 3600000 - 1, 4.0);
    const std::vector<HourRow> rows = fold().sensors.at(0).hours;
    ASSERT_EQ(hours, rows.size()) << date;
    EXPECT_EQ((HourRow{1, 1, 1, 1}), rows[0]);
    EXPECT_EQ(HourRow{}, rows[1]);
    EXPECT_EQ((HourRow{2, 2, 3, 4}), rows[2]);
  }
}

TEST_F(DayFoldOf, GivesAnEmptyDayTheDigestOfNothing) {
  add_sensor("a");
  const DayFold day = fold();
  EXPECT_TRUE(day.sensors.empty());
  EXPECT_EQ(sha256_hex(""), day.digest);
  set_day("Pacific/Apia", "2011-12-30");  // a day that the islands skipped
  EXPECT_EQ(sha256_hex(""), fold().digest);
}

TEST_F(DayFoldOf, NamesADamagedRowInsteadOfCountingIt) {
  add_sensor("a");
  add(1, 1000, std::nan(""));
  EXPECT_EQ(ErrorCode::kCorrupt, fold_day(table_, input_).error().code);
  table_.rows.clear();
  add(9, 1000, 1.0);
  EXPECT_EQ(ErrorCode::kCorrupt, fold_day(table_, input_).error().code);
}

TEST_F(DayFoldOf, RefusesRowsThatChangeBetweenTwoReads) {
  for (std::size_t memory : {12u * 60, 12u * 10}) {  // by group of sensors, by slice of time
    table_.rows.clear();
    table_.visits = 0;
    input_.sensors.clear();
    for (const char* name : {"a", "b"}) add_sensor(name);
    for (int i = 0; i < 100; ++i) add(static_cast<SensorId>(1 + i % 2), i * 100000, i);
    table_.before_visit = [&] {
      if (table_.visits > 1) table_.rows.pop_back();
    };
    input_.memory_bytes_max = memory;
    EXPECT_EQ(ErrorCode::kUnavailable, fold_day(table_, input_).error().code);
  }
}

TEST_F(DayFoldOf, PassesOnWhatTheTableCannotRead) {
  table_.visit_answer = make_error(ErrorCode::kIo, "disk");
  EXPECT_EQ(ErrorCode::kIo, fold_day(table_, input_).error().code);
}

}  // namespace
}  // namespace sluice
