#include "app/reload.h"

#include <gtest/gtest.h>

#include "support/temp_folder.h"

namespace sluice {
namespace {

class AReload : public ::testing::Test {
 protected:
  void SetUp() override {
    write("");
    in_force_ = *load_settings(path_);
  }
  void write(const std::string& more, const std::string& id = "gw", const std::string& state = "state") {
    path_ = folder_.write("sluice.yaml", "gateway: { id: " + id + ", timezone: UTC, state_dir: " +
                                             folder_.file(state) + ", runtime_dir: " + folder_.file("run") +
                                             " }\nreadings:\n  - { topic: \"s/+\" }\n" + more);
  }
  // Why it was refused; "" if it was not.
  std::string ask() {
    ::testing::internal::CaptureStderr();
    Result<std::uint64_t> asked = reload_.ask();
    log_text_ = ::testing::internal::GetCapturedStderr();
    if (asked.ok()) {
      EXPECT_EQ(8u, *asked);
    }
    return asked.ok() ? "" : asked.error().context;
  }

  test::TempFolder folder_;
  std::string path_ = folder_.file("sluice.yaml");
  Settings in_force_;
  Log log_{LogLevel::kInfo, Log::Style::kPlain};
  int woken_ = 0;
  Reload reload_{path_, in_force_, 7, log_, [this] { ++woken_; }};
  std::string log_text_;
};

TEST_F(AReload, HandsOverWhatTheFileSaysNowOnce) {
  EXPECT_EQ(nullptr, reload_.take());
  write("alerts:\n  - { name: hot, sensor: \"#\", above: 1 }\n");
  EXPECT_EQ("", ask());
  EXPECT_EQ(1, woken_);
  std::unique_ptr<Settings> next = reload_.take();
  ASSERT_NE(nullptr, next);
  EXPECT_EQ(1u, next->alerts.rules.size());
  EXPECT_EQ(nullptr, reload_.take());
}

TEST_F(AReload, TakesTheNewestOfTwoThatCameBeforeAnybodyLooked) {
  EXPECT_EQ("", ask());
  write("alerts:\n  - { name: hot, sensor: \"#\", above: 1 }\n");
  EXPECT_EQ("", ask());
  EXPECT_EQ(1u, reload_.take()->alerts.rules.size());
  EXPECT_EQ(nullptr, reload_.take());
}

TEST_F(AReload, SaysWhereAMistakeIsAndChangesNothing) {
  write("alrets: []\n");
  const std::string why = ask();
  EXPECT_NE(std::string::npos, why.find(path_ + ":4:1")) << why;
  EXPECT_NE(std::string::npos, log_text_.find("the old configuration stays in force"));
  EXPECT_EQ(0, woken_);
  EXPECT_EQ(nullptr, reload_.take());
}

TEST_F(AReload, KeepsWhatWasGoodWhenAMistakeFollows) {
  EXPECT_EQ("", ask());
  write("alrets: []\n");
  EXPECT_NE("", ask());
  EXPECT_NE(nullptr, reload_.take());
}

TEST_F(AReload, LeavesTheGatewaysNameAndPlacesToARestart) {
  write("", "other");
  EXPECT_EQ(0u, ask().find("gateway.id cannot change from \"gw\" to \"other\""));
  write("", "gw", "elsewhere");
  EXPECT_EQ(0u, ask().find("gateway.state_dir cannot change"));
  EXPECT_EQ(nullptr, reload_.take());
}

}  // namespace
}  // namespace sluice
