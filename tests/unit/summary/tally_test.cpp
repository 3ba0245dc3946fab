#include "model/tally.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace sluice {
namespace {

class TallyOf : public ::testing::Test {
 protected:
  static Tally of(const std::vector<double>& values) {
    Tally tally;
    for (double value : values) tally.add(value);
    return tally;
  }
  static std::vector<DayTally> decoded(const std::string& bytes, bool* sound = nullptr) {
    std::vector<DayTally> tallies;
    const bool read = decode_tallies(bytes, [&](const DayTally& tally) { tallies.push_back(tally); });
    if (sound != nullptr) *sound = read;
    return tallies;
  }
};

TEST_F(TallyOf, ReadingsIsTheSameThroughItsBytes) {
  std::mt19937_64 random(1);
  RunningTallies running;
  std::map<std::pair<Day, SensorId>, Tally> wanted;
  for (int i = 0; i < 5000; ++i) {
    const auto day = static_cast<Day>(20000 + random() % 3 * 400) - 20000 * static_cast<Day>(random() % 2);
    const auto sensor = static_cast<SensorId>(1 + random() % 300);
    const double value = std::ldexp(static_cast<double>(random() % 2000) - 1000, -4);
    running.add(day, sensor, value);
    wanted[{day, sensor}].add(value);
  }
  const std::vector<DayTally> taken = running.take();
  EXPECT_EQ(taken, decoded(encode_tallies(taken)));
  std::map<std::pair<Day, SensorId>, Tally> got;
  for (const DayTally& entry : taken) got[{entry.day, entry.sensor}].merge(entry.tally);
  EXPECT_EQ(wanted, got);
  EXPECT_TRUE(running.take().empty()) << "they were taken";
}

TEST_F(TallyOf, ReadingsThatAreCutShortIsDamaged) {
  const std::string bytes = encode_tallies({{20000, 7, of({1, 2})}, {20001, 300, of({-5})}});
  std::size_t sound_ones = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    bool sound = false;
    decoded(bytes.substr(0, length), &sound);
    sound_ones += sound;
  }
  EXPECT_EQ(2u, sound_ones) << "of nothing, and of the first alone";
}

TEST_F(TallyOf, EqualReadingsAgreesInAnyOrder) {
  std::mt19937_64 random(2);
  std::vector<double> values;
  for (int i = 0; i < 20000; ++i) values.push_back(1e9 / static_cast<double>(1 + random() % 100000));
  const Tally tally = of(values);
  std::shuffle(values.begin(), values.end(), random);
  EXPECT_TRUE(agree(tally, of(values)));
  values[7] = std::nextafter(values[7], 2e9) + 1000;
  EXPECT_FALSE(agree(tally, of(values)));
  const double largest = std::numeric_limits<double>::max();
  EXPECT_TRUE(agree(of({largest, largest, -largest}), of({largest, -largest, largest})))
      << "no sum to compare";
}

TEST_F(TallyOf, SensorsTellsWhichDiffer) {
  const SensorTallies a = {{1, of({1, 2})}, {2, of({3})}, {3, of({4})}, {5, Tally{}}};
  const SensorTallies b = {{1, of({2, 1})}, {2, of({3.5})}, {4, of({4})}, {6, Tally{}}};
  EXPECT_EQ((std::vector<SensorId>{2, 3, 4}), differing(a, b));
}

}  // namespace
}  // namespace sluice
