#include "base/counted.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Counted, TakesThePluralButForOne) {
  EXPECT_EQ("1 day", counted(1, "day"));
  EXPECT_EQ("0 days", counted(0, "day"));
  EXPECT_EQ("2 summaries", counted(2, "summary"));
  EXPECT_EQ("1 readings entry", counted(1, "readings entry"));
  EXPECT_EQ("3 readings entries", counted(3, "readings entry"));
  EXPECT_EQ("2 batches", counted(2, "batch"));
}

}  // namespace
}  // namespace sluice
