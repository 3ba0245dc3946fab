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

namespace sluice {
namespace {

// What the fold should say, worked out the long way: everything sorted, long doubles, sets.
class Reference {
 public:
  Reference(const std::vector<Reading>& rows, const DayFoldInput& input) {
    std::map<SensorId, const FoldSensor*> known;
    for (const FoldSensor& sensor : input.sensors) known[sensor.id] = &sensor;
    using Place = std::pair<std::int64_t, double>;
    std::map<std::string, std::map<Place, std::vector<Reading>>> sensors;
    for (const Reading& row : rows) {
      if (row.flags & kDuplicate) {
        ++fold.duplicate;
      } else if (row.flags & kTooLate) {
        ++fold.too_late;
      } else {
        sensors[known[row.sensor]->name][{row.time_ms, row.value + 0.0}].push_back(row);
      }
    }
    std::string lines;
    for (const auto& [name, places] : sensors) {
      std::vector<Place> counted;
      for (const auto& [place, equal] : places) {
        std::size_t copies = count_equal(equal, input.late_after_ms);
        counted.insert(counted.end(), copies, place);
        for (; copies > 0; --copies) lines += line(name, place.first, place.second);
      }
      fold.sensors.push_back(sensor_day(name, counted, every_of(input, name), input));
      fold.stored += counted.size();
    }
    fold.digest = sha256_hex(lines);
  }
  DayFold fold;

 private:
  static std::int64_t every_of(const DayFoldInput& input, const std::string& name) {
    for (const FoldSensor& sensor : input.sensors) {
      if (sensor.name == name) return sensor.every_ms;
    }
    return 0;
  }
  static std::string line(const std::string& name, std::int64_t time_ms, double value) {
    char text[40];
    std::snprintf(text, sizeof text, "%.17g", value);
    return name + '\0' + std::to_string(time_ms) + '\0' + text + '\n';
  }
  // Of rows with equal sensor, time and value: those without a payload time all count, of the others one.
  std::size_t count_equal(const std::vector<Reading>& equal, std::int64_t late_after_ms) {
    std::size_t untimed = 0, timed = 0, timed_late = 0;
    for (const Reading& row : equal) {
      const bool late = row.arrival_ms > late_after_ms;
      if (row.flags & kPayloadTime) {
        ++timed;
        timed_late += late;
      } else {
        ++untimed;
        fold.late += late;
      }
    }
    if (timed > 0) fold.duplicate += timed - 1;
    if (timed > 0 && timed == timed_late) ++fold.late;
    return untimed + (timed > 0);
  }
  static SensorDay sensor_day(const std::string& name,
                              const std::vector<std::pair<std::int64_t, double>>& rows, std::int64_t every_ms,
                              const DayFoldInput& input) {
    SensorDay day;
    day.sensor = name;
    day.count = rows.size();
    std::vector<double> values;
    std::vector<std::int64_t> times{input.from_ms};
    std::set<std::int64_t> slots;
    long double sum = 0, squares = 0;
    for (auto [time, value] : rows) {
      values.push_back(value);
      times.push_back(time);
      if (every_ms > 0) slots.insert((time - input.from_ms) / every_ms);
      sum += value;
    }
    times.push_back(input.to_ms);
    const long double mean = sum / static_cast<long double>(rows.size());
    for (double value : values) squares += (value - mean) * (value - mean);
    day.mean = static_cast<double>(mean);
    day.stddev = static_cast<double>(std::sqrt(squares / static_cast<long double>(rows.size())));
    day.first = values.front();
    day.last = values.back();
    std::sort(values.begin(), values.end());
    day.min = values.front();
    day.max = values.back();
    auto holds = [](double wanted) { return [wanted](const auto& row) { return row.second == wanted; }; };
    day.min_at_ms = std::find_if(rows.begin(), rows.end(), holds(day.min))->first;
    day.max_at_ms = std::find_if(rows.begin(), rows.end(), holds(day.max))->first;
    auto rank = [&](double p) {
      std::size_t k = 1;
      while (static_cast<double>(k) * 100 < p * static_cast<double>(values.size())) ++k;
      return values[k - 1];
    };
    day.p5 = rank(5);
    day.p50 = rank(50);
    day.p95 = rank(95);
    day.p99 = rank(99);
    for (std::size_t i = 1; i < times.size(); ++i) {
      day.longest_gap_ms = std::max(day.longest_gap_ms, times[i] - times[i - 1]);
    }
    if (every_ms > 0) {
      std::int64_t all = 0;
      for (std::int64_t at = input.from_ms; at < input.to_ms; at += every_ms) ++all;
      day.coverage = static_cast<double>(slots.size()) / static_cast<double>(all);
    }
    return day;
  }
};

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
  void add_sensor(const std::string& name, std::int64_t every_ms = 0) {
    const auto id = static_cast<SensorId>(input_.sensors.size() + 1);
    input_.sensors.push_back({id, name, every_ms});
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
      add_sensor(std::string(1, static_cast<char>(up_to(256))) + "/" + std::to_string(i), every[up_to(5)]);
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
                                                      {"Asia/Kolkata", "2024-01-01"}};
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
    for (std::size_t memory : {0u, 16u, 480u, 3200u, 16000u, 40000u}) {
      std::shuffle(table_.rows.begin(), table_.rows.end(), random);
      ASSERT_EQ(wanted, bits(fold(memory))) << memory;
    }
  }
}

TEST_F(DayFoldOf, ReadsADayOnceWhenItFitsAndOnceAGroupWhenItDoesNot) {
  for (int sensor = 0; sensor < 10; ++sensor) add_sensor("s" + std::to_string(sensor));
  for (int i = 0; i < 1000; ++i) add(static_cast<SensorId>(1 + i % 10), i, i);
  fold(1000 * 16 * 2);
  EXPECT_EQ(1, table_.visits);
  table_.visits = 0;
  fold(1000 * 16);
  EXPECT_EQ(1 + 1, table_.visits);
  table_.visits = 0;
  fold(200 * 16);
  EXPECT_EQ(1 + 5, table_.visits);
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
  for (std::size_t memory : {16u * 60, 16u * 10}) {  // by group of sensors, by slice of time
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
