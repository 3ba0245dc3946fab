#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

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

TEST_F(ALog, WaitsForNobodyAndSaysHowManyLinesAreMissing) {
  int ends[2];
  ASSERT_EQ(0, ::pipe2(ends, O_NONBLOCK));
  ASSERT_EQ(0, ::fcntl(ends[1], F_SETFL, 0)) << "who writes would wait";
  const int before = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  Log log(LogLevel::kInfo, Log::Style::kJournald);
  const std::string payload(1000, 'x');
  for (int i = 0; i < 1000; ++i) log.info("{} {}", i, payload);
  std::string taken;
  char bytes[65536];
  for (ssize_t size = 0; (size = ::read(ends[0], bytes, sizeof bytes)) > 0;) {
    taken.append(bytes, static_cast<std::size_t>(size));
  }
  log.info("the last");
  const ssize_t size = ::read(ends[0], bytes, sizeof bytes);
  ::dup2(before, STDERR_FILENO);
  for (int fd : {before, ends[0], ends[1]}) ::close(fd);
  const long whole = std::count(taken.begin(), taken.end(), '\n');
  EXPECT_LT(0, whole);
  EXPECT_GT(1000, whole);
  EXPECT_EQ('\n', taken.back());
  EXPECT_EQ("<4>" + std::to_string(1000 - whole) +
                " lines of the log are missing here: nobody read them\n<6>the last\n",
            std::string(bytes, static_cast<std::size_t>(size)));
}

}  // namespace
}  // namespace sluice
