#include "base/excerpt.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Excerpt, IsOneLineWithoutControlCharacters) {
  EXPECT_EQ("", excerpt(""));
  EXPECT_EQ("", excerpt(" \r\n\t"));
  EXPECT_EQ("no such  gateway", excerpt("\r\n no such\r\ngateway \n"));
  EXPECT_EQ("a b c", excerpt(std::string("a\0b\x7f", 4) + "c"));
}

TEST(Excerpt, IsCutBetweenCharacters) {
  const std::string fits(kExcerptBytesMax, 'x');
  EXPECT_EQ(fits, excerpt(fits));
  EXPECT_EQ(fits, excerpt(fits + "\n\n")) << "nothing is missing";
  EXPECT_EQ(fits + "…", excerpt(fits + "y"));
  for (std::size_t before = kExcerptBytesMax - 4; before <= kExcerptBytesMax; ++before) {
    const std::string plain(before, 'x');
    const std::size_t whole = (kExcerptBytesMax - before) / 2;
    EXPECT_EQ(plain + std::string("ääää").substr(0, 2 * whole) + "…", excerpt(plain + "ääää")) << before;
  }
}

}  // namespace
}  // namespace sluice
