#include "ctl/table.h"

#include <gtest/gtest.h>

#include "ctl/json_table.h"

namespace sluice {
namespace {

TEST(Tables, AreAsWideAsWhatIsInThem) {
  Table table;
  table.column("sensor");
  table.column("value", Table::Align::kRight);
  table.column("unit");
  table.row({"kitchen", "21.5", "°C"});
  table.row({"küche/温度", "-3", ""});
  EXPECT_EQ(
      "sensor      value  unit\n"
      "kitchen      21.5  °C\n"
      "küche/温度     -3\n",
      table.text());
}

TEST(Tables, CannotBeMadeToMoveTheCursor) {
  EXPECT_EQ("?[2Jred?? ok", printable("\x1b[2Jred\n\x80 ok"));
  EXPECT_EQ("a?b", printable("a\xc2\x9b"
                             "b"));  // a C1 control character
  EXPECT_EQ("°C 温度 🌡", printable("°C 温度 🌡"));
}

TEST(Tables, KnowHowWideTextIs) {
  EXPECT_EQ(0u, display_width(""));
  EXPECT_EQ(2u, display_width("°C"));
  EXPECT_EQ(4u, display_width("温度"));
  EXPECT_EQ(1u, display_width("e\xcc\x81"));  // with a combining accent
  EXPECT_EQ(3u, display_width("a\xff"
                              "b"));
  EXPECT_EQ(2u, display_width("\xf0\x9f\x8c\xa1"));
  EXPECT_EQ(2u, display_width("\xe6\xb8"));  // cut in the middle: two broken bytes
}

TEST(Tables, AreMadeFromLists) {
  Table table = *table_of(R"([{"a":"x","b":1.5,"c":true},{"a":null,"b":2,"c":false},7])",
                          {{"A", "a"}, {"B", "b", Table::Align::kRight}, {"C", "c"}});
  EXPECT_EQ("A    B  C\nx  1.5  yes\n-    2  no\n-    -  -\n", table.text());
  EXPECT_TRUE(table_of("[]", {{"A", "a"}})->empty());
  for (const char* wrong : {"", "{}", "[1", "\"x\""})
    EXPECT_FALSE(table_of(wrong, {{"A", "a"}}).ok()) << wrong;
}

TEST(TableOfLongTexts, WidensNoOtherRow) {
  Table table;
  table.column("message");
  table.column("note");
  table.row({"short", "a"});
  table.row({std::string(Table::kWidthMax + 1, 'x'), "b"});
  EXPECT_EQ("message  note\nshort    a\n" + std::string(Table::kWidthMax + 1, 'x') + "  b\n", table.text());
}

}  // namespace
}  // namespace sluice
