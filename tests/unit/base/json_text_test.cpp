#include "base/json_text.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(JsonText, TellsNumbersFromText) {
  for (const char* number : {"0", "-0", "10", "1.5", "-1.5e10", "1E-3", "0.0"})
    EXPECT_TRUE(is_json_number(number)) << number;
  for (const char* text : {"", "-", "01", "1.", ".5", "+1", "1e", "1e+", "0x1", "NaN", "1 ", "1,5"})
    EXPECT_FALSE(is_json_number(text)) << text;
}

TEST(JsonText, EscapesWhatAStringMayNotHold) {
  std::string out;
  append_json_string(out, "a \"b\" \\ \n °C");
  EXPECT_EQ("\"a \\\"b\\\" \\\\ \\u000a °C\"", out);
}

TEST(JsonText, WritesNoNumberThatNoDoubleHolds) {
  std::string out;
  for (const char* text : {"1e308", "1e616", "-1e400", "1e-400"}) append_json_value(out, text);
  EXPECT_EQ(R"(1e308"1e616""-1e400"1e-400)", out);
}

}  // namespace
}  // namespace sluice
