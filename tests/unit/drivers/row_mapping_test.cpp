#include "drivers/replay/row_mapping.h"

#include <gtest/gtest.h>

namespace sluice::drivers {
namespace {

class RowToSample : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.topic = "rooms/{node}/climate";
    settings_.time_column = "time_ms";
    settings_.fields = {{"temperature", "temp"}, {"humidity", "hum"}};
  }
  std::string payload(const std::vector<std::string>& cells) {
    auto mapping = RowMapping::make(settings_, header_);
    if (!mapping) return mapping.error().context;
    auto row = mapping->map(cells);
    return row ? row->sample.payload : row.error().context;
  }
  std::string topic(const std::vector<std::string>& cells) {
    auto row = RowMapping::make(settings_, header_)->map(cells);
    return row ? row->sample.topic : row.error().context;
  }

  MappingSettings settings_;
  std::vector<std::string> header_ = {"time_ms", "node", "temp", "hum"};
};

TEST_F(RowToSample, BuildsTopicAndPayload) {
  EXPECT_EQ("rooms/4/climate", topic({"1458031648545", "4", "20.48", "42.332"}));
  EXPECT_EQ(R"({"time":1458031648545,"temperature":20.48,"humidity":42.332})",
            payload({"1458031648545", "4", "20.48", "42.332"}));
}

TEST_F(RowToSample, CopiesNumbersDigitByDigit) {
  EXPECT_EQ(R"({"time":1,"temperature":20.500000000000000001,"humidity":-0.0e-3})",
            payload({"1", "4", "20.500000000000000001", "-0.0e-3"}));
}

TEST_F(RowToSample, LeavesMissingCellsOut) {
  EXPECT_EQ(R"({"time":1,"humidity":42})", payload({"1", "4", "", "42"}));
  EXPECT_EQ(R"({"time":1,"temperature":20})", payload({"1", "4", "20"}));
}

TEST_F(RowToSample, SendsNothingForARowWithoutValues) {
  EXPECT_EQ("the row has no value", payload({"1", "4", "", ""}));
}

TEST_F(RowToSample, WritesWhatIsNoNumberAsText) {
  EXPECT_EQ(R"({"time":1,"temperature":"NaN","humidity":"a \"b\"\u000a"})",
            payload({"1", "4", "NaN", "a \"b\"\n"}));
}

TEST_F(RowToSample, WritesTimesAsAsked) {
  settings_.time_written = TimeWritten::kRfc3339;
  EXPECT_EQ(R"({"time":"2016-03-15T08:47:28.545Z","temperature":20})",
            payload({"1458031648545", "4", "20", ""}));
  settings_.time_written = TimeWritten::kNone;
  EXPECT_EQ(R"({"temperature":20})", payload({"1458031648545", "4", "20", ""}));
  settings_.time_written = TimeWritten::kAsInFile;
  settings_.time_format = TimeFormat::kRfc3339;
  EXPECT_EQ(R"({"time":"2016-03-15 08:47:28","temperature":20})",
            payload({"2016-03-15 08:47:28", "4", "20", ""}));
}

TEST_F(RowToSample, RefusesARowThatItCannotPlace) {
  EXPECT_EQ("the time 'soon' cannot be read", payload({"soon", "4", "20", ""}));
  EXPECT_EQ("a column of the topic is empty", payload({"1", "", "20", ""}));
  EXPECT_EQ("the topic 'rooms/#/climate' holds a wildcard", payload({"1", "#", "20", ""}));
  EXPECT_EQ("the row has more cells than the header has columns", payload({"1", "4", "20", "1", "2"}));
}

TEST_F(RowToSample, TakesEveryOtherColumnWhereNoFieldsAreNamed) {
  settings_.fields.clear();
  EXPECT_EQ(R"({"time":1,"temp":20,"hum":42})", payload({"1", "4", "20", "42"}));
}

TEST_F(RowToSample, NamesTheColumnThatIsNotThere) {
  settings_.fields = {{"temperature", "tmp"}};
  EXPECT_EQ("there is no column 'tmp'; the file's header has time_ms, node, temp, hum", payload({}));
}

TEST(TimeColumn, IsReadInEveryFormat) {
  EXPECT_EQ(1458031648545, parse_time_ms("1458031648545", TimeFormat::kMilliseconds));
  EXPECT_EQ(1458031648000, parse_time_ms("1458031648", TimeFormat::kSeconds));
  EXPECT_EQ(1458031648545, parse_time_ms("1458031648.545", TimeFormat::kSeconds));
  EXPECT_EQ(1458031648545, parse_time_ms("1458031648545123", TimeFormat::kMicroseconds));
  EXPECT_EQ(1458031648545, parse_time_ms("1458031648545123456", TimeFormat::kNanoseconds));
  EXPECT_EQ(1458031648545, parse_time_ms("2016-03-15T09:47:28.545+01:00", TimeFormat::kRfc3339));
  EXPECT_EQ(1458031648000, parse_time_ms("2016-03-15 08:47:28", TimeFormat::kRfc3339));
  EXPECT_EQ(std::nullopt, parse_time_ms("", TimeFormat::kMilliseconds));
  EXPECT_EQ(std::nullopt, parse_time_ms("12x", TimeFormat::kMilliseconds));
  EXPECT_EQ(std::nullopt, parse_time_ms("nan", TimeFormat::kSeconds));
  EXPECT_EQ(std::nullopt, parse_time_ms("1e300", TimeFormat::kSeconds));
}

TEST(TimeColumn, LiesInTheYearsThatRfc3339CanWrite) {
  EXPECT_EQ(253402300799000, parse_time_ms("253402300799", TimeFormat::kSeconds));
  EXPECT_EQ(std::nullopt, parse_time_ms("253402300800", TimeFormat::kSeconds)) << "year 10000";
  EXPECT_EQ(-62167219200000, parse_time_ms("0000-01-01T00:00:00Z", TimeFormat::kRfc3339));
  EXPECT_EQ(std::nullopt, parse_time_ms("0000-01-01T00:00:00+01:00", TimeFormat::kRfc3339));
}

}  // namespace
}  // namespace sluice::drivers
