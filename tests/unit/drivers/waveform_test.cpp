#include "drivers/simulate/waveform.h"

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::drivers {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

class Wave : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.base = 20;
    settings_.amplitude = 3;
  }
  WaveSettings settings_;
};

TEST_F(Wave, IsTheSameForTheSameSeedAndTime) {
  settings_.noise = 1, settings_.drift = 1, settings_.spread = 1;
  settings_.spikes = {60'000, 5000}, settings_.spike_size = 10;
  Waveform a(settings_, 1), b(settings_, 1), other(settings_, 2);
  int equal_to_other = 0;
  for (std::int64_t t = 0; t < 100'000; t += 137) {
    ASSERT_EQ(a.text(t), b.text(t));
    if (a.text(t) == other.text(t)) ++equal_to_other;
  }
  EXPECT_LT(equal_to_other, 30);
}

TEST_F(Wave, SwingsAroundItsBase) {
  Waveform wave(settings_, 1);
  double sum = 0, low = 1e9, high = -1e9;
  for (int i = 0; i < 1000; ++i) {
    double value = wave.value(i * kDayMs / 1000);
    sum += value, low = std::min(low, value), high = std::max(high, value);
  }
  EXPECT_NEAR(20, sum / 1000, 0.01);
  EXPECT_NEAR(17, low, 0.01);
  EXPECT_NEAR(23, high, 0.01);
}

TEST_F(Wave, HasTheNoiseThatWasAskedFor) {
  settings_.amplitude = 0;
  settings_.noise = 0.5;
  Waveform wave(settings_, 3);
  double sum = 0, squares = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    double off = wave.value(i * 1000) - 20;
    sum += off, squares += off * off;
  }
  EXPECT_NEAR(0, sum / kCount, 0.02);
  EXPECT_NEAR(0.5, std::sqrt(squares / kCount), 0.02);
}

TEST_F(Wave, WandersWithinItsDrift) {
  settings_.amplitude = 0;
  settings_.drift = 2;
  Waveform wave(settings_, 3);
  double low = 1e9, high = -1e9;
  for (int i = 0; i < 4000; ++i) {
    double value = wave.value(i * kDayMs / 24);
    low = std::min(low, value), high = std::max(high, value);
  }
  EXPECT_GE(low, 18);
  EXPECT_LE(high, 22);
  EXPECT_GT(high - low, 2);
}

TEST_F(Wave, StaysWithinItsLimits) {
  settings_.noise = 50;
  settings_.min = 0, settings_.max = 25;
  Waveform wave(settings_, 3);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_GE(wave.value(i), 0);
    EXPECT_LE(wave.value(i), 25);
  }
}

TEST_F(Wave, SpikesOnceInEachStretch) {
  settings_.amplitude = 0;
  settings_.spikes = {60'000, 5000}, settings_.spike_size = 10;
  Waveform wave(settings_, 9);
  for (std::int64_t stretch = 0; stretch < 20; ++stretch) {
    int high_ms = 0;
    for (std::int64_t t = 0; t < 60'000; ++t)
      if (wave.value(stretch * 60'000 + t) > 29) ++high_ms;
    EXPECT_EQ(5000, high_ms);
  }
}

TEST_F(Wave, StandsStillWhileStuck) {
  settings_.noise = 1;
  settings_.stuck = {60'000, 30'000};
  Waveform wave(settings_, 9);
  int still = 0;
  for (std::int64_t t = 1000; t < 600'000; t += 1000)
    if (wave.value(t) == wave.value(t - 1000)) ++still;
  EXPECT_NEAR(300, still, 15);
}

TEST(Faults, HappenAtOtherTimesForAnotherSeed) {
  FaultTimes fault{1000, 10};
  int together = 0;
  std::int64_t begin_ms = 0;
  for (std::int64_t t = 0; t < 100'000; ++t)
    if (fault_is_on(fault, 1, t, begin_ms) && fault_is_on(fault, 2, t, begin_ms)) ++together;
  EXPECT_LT(together, 200);
}

TEST(Faults, AreThereBefore1970Too) {
  std::int64_t begin_ms = 0;
  int on = 0;
  for (std::int64_t t = -5000; t < 0; ++t) on += fault_is_on({1000, 10}, 1, t, begin_ms) ? 1 : 0;
  EXPECT_EQ(50, on);
}

}  // namespace
}  // namespace sluice::drivers
