#include "base/time_text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Rfc3339, ReadsTheExamplesOfTheStandard) {
  // RFC 3339 section 5.8.
  EXPECT_EQ(482196050520, parse_rfc3339("1985-04-12T23:20:50.52Z"));
  EXPECT_EQ(851042397000, parse_rfc3339("1996-12-19T16:39:57-08:00"));
  EXPECT_EQ(662688000000, parse_rfc3339("1990-12-31T23:59:60Z"));
  EXPECT_EQ(-1041337172130, parse_rfc3339("1937-01-01T12:00:27.87+00:20"));
}

TEST(Rfc3339, RefusesWhatIsNotATime) {
  for (const char* wrong :
       {"", "2024-01-01", "2024-01-01T00:00:00", "2024-02-30T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+2:00", "2024-01-01T00:00:00Zx"}) {
    EXPECT_FALSE(parse_rfc3339(wrong).has_value()) << wrong;
  }
  EXPECT_EQ(1704067200000, parse_rfc3339("2024-01-01 00:00:00", true));
}

TEST(Rfc3339, ComesBackAsItWasWritten) {
  for (std::int64_t t : {0LL, 1LL, 951782399999LL, 1709164800000LL, -1LL, 4102444800123LL}) {
    EXPECT_EQ(t, parse_rfc3339(format_rfc3339(t)));
  }
}

TEST(Durations, NameTheirTwoLargestUnits) {
  EXPECT_EQ("350ms", format_duration(350));
  EXPECT_EQ("12s", format_duration(12999));
  EXPECT_EQ("4m10s", format_duration(250000));
  EXPECT_EQ("5d3h", format_duration(5 * 86400000LL + 3 * 3600000LL + 59 * 60000));
  EXPECT_EQ("1d", format_duration(86400000 + 60000));
}

}  // namespace
}  // namespace sluice
