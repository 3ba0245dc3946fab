#include "io/system_clock.h"

#include <gtest/gtest.h>

#include <chrono>

namespace sluice {
namespace {

TEST(SystemClockOf, AgreesWithTheSystemsClock) {
  SystemClock clock;
  auto wall = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  std::int64_t before = wall();
  Instant now = clock.now();
  EXPECT_LE(before, now.wall_ms);
  EXPECT_GE(wall(), now.wall_ms);
}

TEST(SystemClockOf, NeverGoesBackInBootTime) {
  SystemClock clock;
  std::int64_t last_us = clock.boot_us();
  for (int i = 0; i < 10000; ++i) {
    std::int64_t us = clock.boot_us();
    ASSERT_LE(last_us, us);
    ASSERT_LE(us / 1000, clock.now().boot_ms);
    last_us = us;
  }
}

TEST(SystemClockOf, KnowsTheBoot) {
  EXPECT_EQ(36u, SystemClock().boot_id().size());
  EXPECT_EQ(SystemClock().boot_id(), SystemClock().boot_id());
}

}  // namespace
}  // namespace sluice
