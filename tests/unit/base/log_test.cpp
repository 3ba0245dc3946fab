#include "base/log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace sluice {
namespace {

class ALog : public ::testing::Test {
 protected:
  // What is written meanwhile, a count of its lines and whether some text is in it.
  void capture(const std::function<void()>& work) {
    ::testing::internal::CaptureStderr();
    work();
    text_ = ::testing::internal::GetCapturedStderr();
  }
  long lines() const { return std::count(text_.begin(), text_.end(), '\n'); }
  bool has(const std::string& text) const { return text_.find(text) != std::string::npos; }

  FakeClock clock_{1772366400000};
  std::string text_;
};

TEST_F(ALog, WritesAWarningThatRepeatsFiveTimesAMinuteAndThenHowOften) {
  Log log(LogLevel::kInfo, Log::Style::kJournald, &clock_);
  capture([&] {
    for (int i = 1; i <= 12; ++i) log.warning("intake is held at {} bytes", i);
  });
  EXPECT_EQ(5, lines()) << text_;
  EXPECT_TRUE(has("<4>intake is held at 5 bytes"));
  clock_.pass_ms(60000);
  capture([&] { log.error("something else"); });
  EXPECT_EQ(2, lines()) << text_;
  EXPECT_TRUE(has("<4>intake is held at 12 bytes (repeated 7 times in a minute)"));
  EXPECT_TRUE(has("<3>something else"));
}

TEST_F(ALog, LeavesNoNewsOutAndNothingWithoutAClock) {
  Log log(LogLevel::kInfo, Log::Style::kPlain, &clock_);
  capture([&] {
    for (int day = 1; day <= 30; ++day) log.info("closed 2026-03-{:02}", day);
  });
  EXPECT_EQ(30, lines());
  Log every(LogLevel::kInfo, Log::Style::kPlain);
  capture([&] {
    for (int i = 1; i <= 30; ++i) every.error("cannot store");
  });
  EXPECT_EQ(30, lines());
}

}  // namespace
}  // namespace sluice
