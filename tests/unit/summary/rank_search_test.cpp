#include "summary/rank_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <random>

namespace sluice {
namespace {

class RankSearchOf : public ::testing::Test {
 protected:
  static PercentileValues search(const std::vector<double>& values) {
    RankSearch search;
    for (int pass = 0; pass < RankSearch::kPasses; ++pass) {
      for (double value : values) search.add(value);
      search.end_pass();
    }
    return search.result();
  }
};

TEST_F(RankSearchOf, FindsWhatSortingFinds) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 60; ++round) {
    std::vector<double> values(1 + random() % 300);
    for (double& value : values) {
      do {
        value = round % 2 ? std::bit_cast<double>(random()) : static_cast<double>(random() % 9) - 4;
      } while (!std::isfinite(value));
    }
    const PercentileValues found = search(values);
    std::sort(values.begin(), values.end());
    for (std::size_t i = 0; i < kPercentiles.size(); ++i) {
      EXPECT_EQ(values[nearest_rank(kPercentiles[i], values.size()) - 1], found[i]) << round;
    }
  }
}

TEST(NearestRank, IsTheSmallestThatCoversThePercentage) {
  for (unsigned percent : kPercentiles) {
    for (std::uint64_t count = 1; count <= 1000; ++count) {
      const std::uint64_t rank = nearest_rank(percent, count);
      ASSERT_TRUE(rank >= 1 && rank <= count);
      ASSERT_GE(rank * 100, percent * count);
      ASSERT_LT((rank - 1) * 100, percent * count);
    }
  }
}

}  // namespace
}  // namespace sluice
