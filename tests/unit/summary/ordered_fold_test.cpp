#include "summary/ordered_fold.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace sluice {
namespace {

class OrderedFoldOf : public ::testing::Test {
 protected:
  OrderedFold fold(const std::vector<double>& values) {
    OrderedFold fold(86400000, 0);
    std::int64_t at = 0;
    for (double value : values) fold.add(at += 1000, value);
    return fold;
  }
  double stddev(const std::vector<double>& values) {
    Deviations deviations(fold(values));
    for (double value : values) deviations.add(value);
    return deviations.stddev();
  }
};

TEST_F(OrderedFoldOf, KeepsWhatAPlainSumLoses) {
  EXPECT_EQ(0.5, fold({1.0, 1e100, 1.0, -1e100}).mean());
}

TEST_F(OrderedFoldOf, GivesAConstantItsOwnMeanAndNoDeviation) {
  for (double value : {0.1, 21.4, -1e-300, 1e300, 3e9 + 0.7}) {
    for (std::size_t count : {1u, 3u, 7u, 49u, 1000u}) {
      const std::vector<double> values(count, value);
      EXPECT_EQ(value, fold(values).mean()) << count;
      EXPECT_EQ(0.0, stddev(values)) << value << " " << count;
    }
  }
}

TEST_F(OrderedFoldOf, StaysFiniteAtTheEndsOfTheRange) {
  const double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(largest, fold({largest, largest, largest}).mean());
  EXPECT_EQ(0.0, fold({largest, -largest}).mean());
  EXPECT_EQ(largest, stddev({largest, -largest}));
  EXPECT_DOUBLE_EQ(1e-310, stddev({1e-310, -1e-310}));
  EXPECT_DOUBLE_EQ(1e-200, stddev({1e-200, -1e-200}));
}

TEST_F(OrderedFoldOf, DividesByTheWholePopulation) {
  EXPECT_DOUBLE_EQ(2.0, stddev({2, 4, 4, 4, 5, 5, 7, 9}));
  EXPECT_DOUBLE_EQ(2.0, stddev({1e9 + 2, 1e9 + 4, 1e9 + 4, 1e9 + 4, 1e9 + 5, 1e9 + 5, 1e9 + 7, 1e9 + 9}));
}

TEST_F(OrderedFoldOf, CoversTheSlotsThatHaveAReading) {
  OrderedFold fold(86400000, 3600000);
  fold.add(0, 1);
  fold.add(3599999, 1);
  fold.add(3600000, 1);
  fold.add(86399999, 1);
  EXPECT_EQ(3.0 / 24.0, fold.coverage());
  OrderedFold uneven(100, 30);  // 0, 30, 60, 90
  for (int at = 0; at < 100; ++at) uneven.add(at, 1);
  EXPECT_EQ(1.0, uneven.coverage());
  EXPECT_FALSE(OrderedFold(100, 0).coverage().has_value());
}

TEST_F(OrderedFoldOf, MeasuresTheLongestSilenceWithTheDaysEnds) {
  OrderedFold fold(86400000, 0);
  fold.add(3600000, 1);
  EXPECT_EQ(82800000, fold.longest_gap_ms());
  fold.add(86400000 - 1000, 1);
  EXPECT_EQ(82799000, fold.longest_gap_ms());
}

}  // namespace
}  // namespace sluice
