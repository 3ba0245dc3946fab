#include "base/retry_after.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::int64_t kThen = 784111777000;  // Sun, 06 Nov 1994 08:49:37 GMT, as in RFC 9110

TEST(HttpDate, IsReadInItsThreeForms) {
  EXPECT_EQ(kThen, parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT", 0));
  EXPECT_EQ(kThen, parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", kThen));
  EXPECT_EQ(kThen, parse_http_date("Sun Nov  6 08:49:37 1994", 0));
}

TEST(HttpDate, KnowsTheCenturyOfAYearWithTwoDigits) {
  const std::int64_t now = 1772366400000;  // 2026
  EXPECT_EQ(3343020577000, parse_http_date("Sunday, 08-Dec-75 08:49:37 GMT", now).value_or(0)) << "2075";
  EXPECT_EQ(kThen, parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT", now)) << "2094 is too far";
}

TEST(HttpDate, IsNothingElse) {
  for (const char* wrong :
       {"", "soon", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 -8:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC"}) {
    EXPECT_FALSE(parse_http_date(wrong, 0).has_value()) << wrong;
  }
}

TEST(RetryAfter, IsANumberOfSeconds) {
  EXPECT_EQ(120'000, retry_after_ms("120", "", kThen));
  EXPECT_EQ(0, retry_after_ms("0", "", kThen));
  EXPECT_EQ(10ll * 366 * 86400'000, retry_after_ms("99999999999999999999999999", "", kThen)) << "cut";
}

TEST(RetryAfter, IsADateByTheClockOfWhoSaysIt) {
  EXPECT_EQ(60'000, retry_after_ms("Sun, 06 Nov 1994 08:50:37 GMT", "", kThen));
  EXPECT_EQ(60'000,
            retry_after_ms("Sun, 06 Nov 1994 08:50:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT", kThen + 1));
  EXPECT_EQ(0, retry_after_ms("Sun, 06 Nov 1994 08:49:00 GMT", "", kThen)) << "it has passed";
}

TEST(RetryAfter, IsNoWaitWhenItCannotBeUnderstood) {
  for (const char* wrong : {"", "-5", "1.5", "soon", "0x10", "12 s"}) {
    EXPECT_EQ(0, retry_after_ms(wrong, "", kThen)) << wrong;
  }
}

}  // namespace
}  // namespace sluice
