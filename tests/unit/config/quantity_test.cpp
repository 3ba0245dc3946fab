#include "config/quantity.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice {
namespace {

using std::chrono::milliseconds;

TEST(Quantities, ReadsDurationsAsPeopleWriteThem) {
  EXPECT_EQ(milliseconds(500), parse_duration("500ms"));
  EXPECT_EQ(milliseconds(10000), parse_duration("10s"));
  EXPECT_EQ(milliseconds(300000), parse_duration("5m"));
  EXPECT_EQ(milliseconds(7200000), parse_duration("2h"));
  EXPECT_EQ(milliseconds(604800000), parse_duration("7d"));
  EXPECT_EQ(milliseconds(0), parse_duration("0s"));
}

TEST(Quantities, RefusesWhatIsNotADuration) {
  for (const char* wrong : {"", "5", "s", "5 s", "-5s", "+5s", "1.5h", "5min", "5S", "1h30m", " 5s", "5s ",
                            "99999999999999999999s", "200000000000d", "0x5s"}) {
    EXPECT_EQ(std::nullopt, parse_duration(wrong)) << wrong;
  }
}

TEST(Quantities, ReadsSizesInBinaryUnitsOnly) {
  EXPECT_EQ(65536u, parse_size("64KiB"));
  EXPECT_EQ(16777216u, parse_size("16MiB"));
  EXPECT_EQ(2147483648u, parse_size("2GiB"));
  EXPECT_EQ(512u, parse_size("512B"));
  for (const char* wrong : {"", "64", "64MB", "64M", "64mib", "-1MiB", "1.5GiB", "9999999999GiB"}) {
    EXPECT_EQ(std::nullopt, parse_size(wrong)) << wrong;
  }
}

TEST(Quantities, ReadsTimesOfDay) {
  EXPECT_EQ(15, parse_time_of_day("00:15"));
  EXPECT_EQ(1439, parse_time_of_day("23:59"));
  for (const char* wrong : {"", "0:15", "24:00", "12:60", "00:15:00", "15", "aa:bb", "12-30"}) {
    EXPECT_EQ(std::nullopt, parse_time_of_day(wrong)) << wrong;
  }
}

TEST(Quantities, WritesWhatItReadsBack) {
  EXPECT_EQ("7d", duration_text(milliseconds(604800000)));
  EXPECT_EQ("90s", duration_text(milliseconds(90000)));
  EXPECT_EQ("16MiB", size_text(16777216));
  std::mt19937_64 random(1);
  for (int i = 0; i < 10000; ++i) {
    milliseconds duration(static_cast<std::int64_t>(random() >> (1 + random() % 60)));
    EXPECT_EQ(duration, parse_duration(duration_text(duration)));
    std::uint64_t size = random() >> (1 + random() % 60);
    EXPECT_EQ(size, parse_size(size_text(size)));
    int minutes = static_cast<int>(random() % 1440);
    EXPECT_EQ(minutes, parse_time_of_day(time_of_day_text(minutes)));
  }
}

TEST(MeantQuantity, IsTheRightSpellingOfWhatPeopleWrite) {
  for (auto [text, meant] : std::initializer_list<std::pair<const char*, const char*>>{{"10", "10s"},
                                                                                       {"5min", "5m"},
                                                                                       {"1.5h", "90m"},
                                                                                       {"10 s", "10s"},
                                                                                       {"1h30m", "90m"},
                                                                                       {"0.5s", "500ms"},
                                                                                       {"2 days", "2d"},
                                                                                       {"soon", ""},
                                                                                       {"inf", ""},
                                                                                       {"nan", ""},
                                                                                       {"1.00001ms", ""},
                                                                                       {"-5s", ""},
                                                                                       {"", ""},
                                                                                       {"5 parsecs", ""},
                                                                                       {"1e9s", ""}}) {
    EXPECT_EQ(meant, meant_duration(text)) << text;
  }
  EXPECT_EQ("16MiB", meant_size("16MB"));
  EXPECT_EQ("1536MiB", meant_size("1.5 GB"));
}

}  // namespace
}  // namespace sluice
