#include "upload/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST(BackoffOf, DoublesUpToItsCapWithinTheJitter) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Backoff backoff(seconds(1), minutes(15), seed);
    std::int64_t plain = 1000;
    for (int failures = 1; failures < 40; ++failures) {
      const std::int64_t delay = backoff.delay_ms(failures);
      ASSERT_GE(delay, plain * 8 / 10);
      ASSERT_LE(delay, plain * 12 / 10);
      ASSERT_LE(delay, backoff.longest_ms());
      plain = std::min<std::int64_t>(plain * 2, 900000);
    }
  }
}

TEST(BackoffOf, RepeatsItselfForASeedAndSpreadsSeeds) {
  std::set<std::int64_t> delays;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const std::int64_t delay = Backoff(minutes(1), minutes(15), seed).delay_ms(3);
    EXPECT_EQ(delay, Backoff(minutes(1), minutes(15), seed).delay_ms(3));
    delays.insert(delay);
  }
  EXPECT_LT(45u, delays.size());
}

TEST(BackoffOf, TakesAnyNumberOfFailures) {
  Backoff backoff(seconds(1), minutes(15), 1);
  EXPECT_GE(1200, backoff.delay_ms(0));
  EXPECT_LE(720000, backoff.delay_ms(2000000000));
}

}  // namespace
}  // namespace sluice
