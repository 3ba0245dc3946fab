#include "store/reserve.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_folder.h"

namespace sluice {
namespace {

constexpr std::uint64_t kBytes = 4 << 20;

class AReserve : public ::testing::Test {
 protected:
  std::uint64_t on_disk() const {
    struct stat status {};
    return ::stat(path_.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
  }
  test::TempFolder folder_;
  const std::string path_ = folder_.file("reserve");
  Reserve reserve_{path_, kBytes};
};

TEST_F(AReserve, IsReallyWritten) {
  EXPECT_FALSE(reserve_.whole());
  ASSERT_TRUE(reserve_.rebuild().ok());
  EXPECT_TRUE(reserve_.whole());
  EXPECT_LE(kBytes, on_disk());
  EXPECT_TRUE(reserve_.rebuild().ok()) << "and stays";
}

TEST_F(AReserve, GivesBackAllButAPartForAStartAndThenThat) {
  ASSERT_TRUE(reserve_.rebuild().ok());
  EXPECT_TRUE(reserve_.release());
  EXPECT_FALSE(reserve_.whole());
  EXPECT_LE(Reserve::kStartBytes, on_disk());
  EXPECT_GT(2 * Reserve::kStartBytes, on_disk());
  EXPECT_FALSE(reserve_.release()) << "there is no more for a running gateway";
  EXPECT_TRUE(reserve_.release_all());
  EXPECT_EQ(0u, on_disk());
  EXPECT_FALSE(reserve_.release_all());
  EXPECT_TRUE(reserve_.rebuild().ok());
  EXPECT_TRUE(reserve_.whole());
}

TEST_F(AReserve, IsNotWholeAsAHole) {
  std::filesystem::resize_file(folder_.write("reserve", ""), kBytes);
  EXPECT_FALSE(reserve_.whole());
  ASSERT_TRUE(reserve_.rebuild().ok());
  EXPECT_LE(kBytes, on_disk());
}

TEST_F(AReserve, LeavesAsMuchAgainFree) {
  Reserve greedy(path_, std::uint64_t{1} << 60);
  EXPECT_EQ(ErrorCode::kNoSpace, greedy.rebuild().error().code);
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AReserve, FollowsNoLinkOfSomebodyElse) {
  const std::string victim = folder_.write("victim", "precious");
  std::filesystem::create_symlink(victim, path_);
  EXPECT_EQ(ErrorCode::kIo, reserve_.rebuild().error().code);
  EXPECT_EQ("precious", test::read_file(victim));
}

TEST_F(AReserve, OfNothingIsAlwaysWhole) {
  Reserve none(path_, 0);
  EXPECT_TRUE(none.whole());
  EXPECT_TRUE(none.rebuild().ok());
  EXPECT_FALSE(none.release());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace sluice
