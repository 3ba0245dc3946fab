#include "intake/clock_trust.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class ClockTrusted : public ::testing::Test {
 protected:
  static constexpr std::int64_t kBuild = 1700000000000;
  static constexpr std::int64_t kNewestRow = 1700000500000;
  static constexpr std::int64_t kWait = 15 * 60 * 1000;

  static ClockTrust clock_trust(ClockSettings::Trust trust) {
    ClockSettings settings;
    settings.trust = trust;
    return ClockTrust(settings, kBuild, kNewestRow, Instant{0, 1000});
  }
};

TEST_F(ClockTrusted, AlwaysIsAtOnce) {
  ClockTrust trust = clock_trust(ClockSettings::Trust::kAlways);
  EXPECT_TRUE(trust.trusted(Instant{0, 1000}, false));
}

TEST_F(ClockTrusted, NtpNeedsSynchronisationHoweverLongItTakes) {
  ClockTrust trust = clock_trust(ClockSettings::Trust::kNtp);
  EXPECT_FALSE(trust.trusted(Instant{kNewestRow + 1, 1000 + 100 * kWait}, false));
  EXPECT_TRUE(trust.trusted(Instant{kNewestRow + 1, 1000 + 100 * kWait}, true));
}

TEST_F(ClockTrusted, AutoTakesSynchronisationAtOnce) {
  ClockTrust trust = clock_trust(ClockSettings::Trust::kAuto);
  EXPECT_FALSE(trust.trusted(Instant{kNewestRow + 1, 1000}, false));
  EXPECT_TRUE(trust.trusted(Instant{kNewestRow + 1, 1001}, true));
}

TEST_F(ClockTrusted, AutoWaitsAndThenWantsATimeAfterBuildAndNewestRow) {
  ClockTrust trust = clock_trust(ClockSettings::Trust::kAuto);
  EXPECT_FALSE(trust.trusted(Instant{kNewestRow + 1, 999 + kWait}, false));
  EXPECT_FALSE(trust.trusted(Instant{kBuild + 1, 1000 + kWait}, false));
  EXPECT_FALSE(trust.trusted(Instant{kNewestRow, 1000 + kWait}, false));
  EXPECT_TRUE(trust.trusted(Instant{kNewestRow + 1, 1000 + kWait}, false));
}

TEST_F(ClockTrusted, OnceMeansForTheLifeOfTheProcess) {
  ClockTrust trust = clock_trust(ClockSettings::Trust::kNtp);
  EXPECT_TRUE(trust.trusted(Instant{kNewestRow + 1, 2000}, true));
  EXPECT_TRUE(trust.trusted(Instant{0, 3000}, false));
}

}  // namespace
}  // namespace sluice
