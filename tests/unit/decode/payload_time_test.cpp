#include "decode/payload_time.h"

#include <gtest/gtest.h>

#include <random>

#include "base/time_text.h"

namespace sluice {
namespace {

constexpr auto kNone = std::optional<std::int64_t>();

TEST(PayloadTime, ReadsStringsOfTheStandard) {
  // RFC 3339 section 5.8.
  EXPECT_EQ(482196050520, time_of_text("1985-04-12T23:20:50.52Z", TimeFormat::kAuto));
  EXPECT_EQ(851042397000, time_of_text("1996-12-19T16:39:57-08:00", TimeFormat::kRfc3339));
  EXPECT_EQ(662688000000, time_of_text("1990-12-31T23:59:60Z", TimeFormat::kAuto));
  EXPECT_EQ(1772366400000, time_of_text("2026-03-01t12:00:00z", TimeFormat::kAuto));
  EXPECT_EQ(0, time_of_text("1970-01-01T00:00:00Z", TimeFormat::kRfc3339));
  EXPECT_EQ(253402300799999, time_of_text("9999-12-31T23:59:59.999Z", TimeFormat::kAuto));
}

TEST(PayloadTime, RefusesWhatIsNotATimeOrOutside1970To9999) {
  for (const char* wrong : {"", "now", "1937-01-01T12:00:27.87+00:20", "2026-03-01", "2026-03-01T12:00:00",
                            "2026-02-29T00:00:00Z", "1969-12-31T23:59:59Z", "9999-12-31T23:59:59-01:00",
                            "nan", "inf", "1e999", "1772366400 ", "-1", "0"}) {
    EXPECT_EQ(kNone, time_of_text(wrong, TimeFormat::kAuto)) << wrong;
  }
  EXPECT_EQ(kNone, time_of_text("2026-03-01T12:00:00Z", TimeFormat::kSeconds));
  EXPECT_EQ(kNone, time_of_text("1772366400", TimeFormat::kRfc3339));
  EXPECT_EQ(kNone, time_of_integer(1772366400, TimeFormat::kRfc3339));
}

TEST(PayloadTime, TellsTheUnitByTheSize) {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> times(*parse_rfc3339("1973-03-04T00:00:00Z"),
                                                    *parse_rfc3339("2262-04-11T00:00:00Z"));
  for (int i = 0; i < 2000; ++i) {
    const std::int64_t ms = times(random);
    ASSERT_EQ(ms / 1000 * 1000, time_of_integer(ms / 1000, TimeFormat::kAuto));
    ASSERT_EQ(ms, time_of_integer(ms, TimeFormat::kAuto));
    ASSERT_EQ(ms, time_of_integer(ms * 1000 + 999, TimeFormat::kAuto));
    ASSERT_EQ(ms, time_of_integer(ms * 1000000 + 999999, TimeFormat::kAuto));
    ASSERT_EQ(ms, time_of_real(static_cast<double>(ms) / 1000, TimeFormat::kAuto));
    ASSERT_EQ(ms, time_of_text(std::to_string(ms * 1000000), TimeFormat::kAuto));
    ASSERT_EQ(ms, time_of_text(format_rfc3339(ms), TimeFormat::kAuto));
  }
}

TEST(PayloadTime, LeavesGapsBetweenUnitsUnread) {
  struct Edge {
    std::int64_t number;
    std::optional<std::int64_t> ms;
  };
  for (const Edge& edge : {Edge{99999999, {}}, Edge{100000000, 100000000000}, Edge{9999999999, 9999999999000},
                           Edge{10000000000, {}}, Edge{99999999999, {}}, Edge{100000000000, 100000000000},
                           Edge{9999999999999, 9999999999999}, Edge{10000000000000, {}},
                           Edge{100000000000000, 100000000000}, Edge{9999999999999999, 9999999999999},
                           Edge{10000000000000000, {}}, Edge{100000000000000000, 100000000000},
                           Edge{INT64_MAX, 9223372036854}, Edge{-1772366400, {}}, Edge{0, {}}}) {
    EXPECT_EQ(edge.ms, time_of_integer(edge.number, TimeFormat::kAuto)) << edge.number;
    if (edge.number < (std::int64_t{1} << 53)) {
      EXPECT_EQ(edge.ms, time_of_real(static_cast<double>(edge.number), TimeFormat::kAuto)) << edge.number;
    }
  }
  EXPECT_EQ(9999999999999, time_of_real(9999999999999999e3, TimeFormat::kAuto));
  EXPECT_EQ(kNone, time_of_real(1e19, TimeFormat::kAuto));
}

TEST(PayloadTime, TakesAnExplicitUnitAtItsWord) {
  EXPECT_EQ(5000, time_of_integer(5, TimeFormat::kSeconds));
  EXPECT_EQ(5, time_of_integer(5, TimeFormat::kMilliseconds));
  EXPECT_EQ(5, time_of_integer(5999, TimeFormat::kMicroseconds));
  EXPECT_EQ(5, time_of_integer(5999999, TimeFormat::kNanoseconds));
  EXPECT_EQ(1500, time_of_real(1.5, TimeFormat::kSeconds));
  EXPECT_EQ(1772366400123, time_of_real(1772366400.123, TimeFormat::kSeconds));
  EXPECT_EQ(1, time_of_real(1.9, TimeFormat::kMilliseconds));
  EXPECT_EQ(253402300799000, time_of_integer(253402300799, TimeFormat::kSeconds));
  EXPECT_EQ(kNone, time_of_integer(253402300800, TimeFormat::kSeconds));
  EXPECT_EQ(kNone, time_of_integer(INT64_MAX, TimeFormat::kSeconds));
  EXPECT_EQ(kNone, time_of_integer(-1, TimeFormat::kSeconds));
  EXPECT_EQ(kNone, time_of_real(1e300, TimeFormat::kNanoseconds));
  EXPECT_EQ(kNone, time_of_real(-0.001, TimeFormat::kSeconds));
}

TEST(PayloadTime, CutsFractionsAlikeInAllNotations) {
  EXPECT_EQ(1772366400123, time_of_text("2026-03-01T12:00:00.1239Z", TimeFormat::kAuto));
  EXPECT_EQ(1772366400123, time_of_text("1772366400.1239", TimeFormat::kAuto));
  EXPECT_EQ(1772366400123, time_of_integer(1772366400123900, TimeFormat::kAuto));
  EXPECT_EQ(1772366400123, time_of_integer(1772366400123900000, TimeFormat::kAuto));
}

}  // namespace
}  // namespace sluice
