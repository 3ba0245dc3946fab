#include "summary/day_rows.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <random>

namespace sluice {
namespace {

constexpr std::uint32_t kPlaces = 7;

class DayRowsOf : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        ::testing::TempDir() + "/day_rows_" + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Random rows, and what of them belongs to each place, in order of arrival.
  void fill(DayRows& rows, int count) {
    wanted_.assign(kPlaces, {});
    std::mt19937_64 random(static_cast<std::uint64_t>(count));
    for (int i = 0; i < count; ++i) {
      const auto place = static_cast<std::uint32_t>(random() % kPlaces * (random() % 2));
      const Row row(static_cast<std::uint32_t>(i), static_cast<double>(random() % 1000) / 7);
      rows.add(place, row);
      wanted_[place].push_back(row);
    }
    rows.finish();
  }
  void expect_between(const DayRows& rows, std::uint32_t first, std::uint32_t last) {
    std::vector<std::vector<Row>> got(kPlaces);
    Status visited = rows.visit(first, last, [&](std::uint32_t place, std::span<const Row> piece) {
      ASSERT_TRUE(place >= first && place < last);
      got[place].insert(got[place].end(), piece.begin(), piece.end());
    });
    ASSERT_TRUE(visited.ok());
    for (std::uint32_t place = first; place < last; ++place) {
      ASSERT_EQ(wanted_[place].size(), got[place].size());
      EXPECT_EQ(wanted_[place].size(), rows.count(place));
      for (std::size_t i = 0; i < got[place].size(); ++i) {
        ASSERT_EQ(wanted_[place][i].key(), got[place][i].key());
        ASSERT_EQ(wanted_[place][i].value(), got[place][i].value());
      }
    }
  }

  std::string folder_;
  std::vector<std::vector<Row>> wanted_;
};

TEST_F(DayRowsOf, GivesEachSensorItsRowsInOrderOfArrival) {
  for (const auto& [count, rows_in_memory] :
       {std::pair{0, 10u}, {1, 10u}, {10, 10u}, {11, 10u}, {300, 97u}, {300, 1000u}, {20000, 9000u}}) {
    SCOPED_TRACE(std::to_string(count) + " rows, " + std::to_string(rows_in_memory) + " in memory");
    DayRows rows(kPlaces, rows_in_memory * 28, folder_);
    fill(rows, count);
    ASSERT_TRUE(rows.complete());
    EXPECT_EQ(static_cast<std::size_t>(count) <= rows_in_memory, rows.in_memory());
    for (std::uint32_t first = 0; first < kPlaces; ++first) {
      for (std::uint32_t last = first; last <= kPlaces; ++last) expect_between(rows, first, last);
    }
  }
}

TEST_F(DayRowsOf, LeavesNoNameInTheFolder) {
  DayRows rows(kPlaces, 10 * 28, folder_);
  fill(rows, 1000);
  ASSERT_FALSE(rows.in_memory());
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(DayRowsOf, CountsOnlyWhatItCannotKeep) {
  for (const std::string& folder : {std::string(), folder_ + "/missing"}) {
    DayRows rows(kPlaces, 10 * 28, folder);
    fill(rows, 1000);
    EXPECT_FALSE(rows.complete());
    for (std::uint32_t place = 0; place < kPlaces; ++place) {
      EXPECT_EQ(wanted_[place].size(), rows.count(place));
    }
  }
}

TEST_F(DayRowsOf, CountsOnlyWhenTheDiskRefusesMore) {
  struct rlimit before {};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_FSIZE, &before));
  struct rlimit small = before;
  small.rlim_cur = 3000;
  auto* old = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(0, ::setrlimit(RLIMIT_FSIZE, &small));
  DayRows rows(kPlaces, 100 * 28, folder_);
  fill(rows, 1000);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_FALSE(rows.complete());
  EXPECT_EQ(wanted_[0].size(), rows.count(0));
}

}  // namespace
}  // namespace sluice
