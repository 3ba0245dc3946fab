#include "base/log_limit.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class ALogLimit : public ::testing::Test {
 protected:
  // How many of `lines` lines of one site are admitted, one each `every_ms`.
  int admitted(const std::string& site, int lines, std::int64_t every_ms = 0) {
    int written = 0;
    for (int i = 0; i < lines; ++i) {
      for (const LogLimit::LeftOut& one : limit_.take_left_out(now_ms_)) told_.push_back(one);
      written += limit_.admit(site, 2, site + " " + std::to_string(i), now_ms_);
      now_ms_ += every_ms;
    }
    return written;
  }
  LogLimit limit_;
  std::int64_t now_ms_ = 5000;
  std::vector<LogLimit::LeftOut> told_;
};

TEST_F(ALogLimit, LetsFewLinesOfOneSiteThroughInAMinute) {
  EXPECT_EQ(LogLimit::kLinesMax, admitted("intake is held", 20, 2900));
  EXPECT_EQ(LogLimit::kLinesMax, admitted("another", 20)) << "each site has its own minute";
}

TEST_F(ALogLimit, TellsOnceHowManyWereLeftOut) {
  (void)admitted("held", 12);
  EXPECT_TRUE(limit_.take_left_out(now_ms_ + LogLimit::kPeriodMs - 1).empty());
  std::vector<LogLimit::LeftOut> over = limit_.take_left_out(now_ms_ + LogLimit::kPeriodMs);
  ASSERT_EQ(1u, over.size());
  EXPECT_EQ(12u - LogLimit::kLinesMax, over[0].times);
  EXPECT_EQ("held 11", over[0].line);
  EXPECT_EQ(2, over[0].level);
  EXPECT_TRUE(limit_.take_left_out(now_ms_ + 2 * LogLimit::kPeriodMs).empty());
}

TEST_F(ALogLimit, CountsEveryLineOfALongTrouble) {
  const int lines = 1200;  // an hour, one each 3 s
  const int written = admitted("held", lines, 3000);
  now_ms_ += LogLimit::kPeriodMs;
  std::uint64_t times = 0;
  for (const LogLimit::LeftOut& one : limit_.take_left_out(now_ms_)) told_.push_back(one);
  for (const LogLimit::LeftOut& one : told_) times += one.times;
  EXPECT_EQ(60 * LogLimit::kLinesMax, written);
  EXPECT_EQ(static_cast<std::uint64_t>(lines - written), times);
}

TEST_F(ALogLimit, TellsLinesWithoutAFormatApart) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(limit_.admit("{}", 3, "line " + std::to_string(i), now_ms_));
  }
  for (int i = 1; i < LogLimit::kLinesMax; ++i) EXPECT_TRUE(limit_.admit("{}", 3, "line 0", now_ms_));
  EXPECT_FALSE(limit_.admit("{}", 3, "line 0", now_ms_));
}

TEST_F(ALogLimit, StaysSmallAndForgetsWhatIsOver) {
  for (std::size_t i = 0; i < 10 * LogLimit::kSitesMax; ++i) {
    EXPECT_TRUE(limit_.admit("{}", 3, "line " + std::to_string(i), now_ms_));
  }
  EXPECT_EQ(20, admitted("new while full", 20)) << "nothing is lost for want of room";
  (void)limit_.take_left_out(now_ms_ += LogLimit::kPeriodMs);
  EXPECT_EQ(LogLimit::kLinesMax, admitted("new again", 20));
}

}  // namespace
}  // namespace sluice
