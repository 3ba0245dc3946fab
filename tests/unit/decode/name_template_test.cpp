#include "decode/name_template.h"

#include <gtest/gtest.h>

#include <optional>

namespace sluice {
namespace {

class SensorNames : public ::testing::Test {
 protected:
  static std::optional<std::string> name(const char* text, std::string_view topic,
                                         std::string_view field = {},
                                         const std::vector<std::string>& members = {}) {
    std::string out = "kept";
    if (!NameTemplate::parse(text).value().render(topic, field, members, out)) {
      EXPECT_EQ("kept", out);
      return std::nullopt;
    }
    EXPECT_EQ("kept", out.substr(0, 4));
    return out.substr(4);
  }
};

TEST_F(SensorNames, AreMadeOfTopicLevelsFieldAndMembers) {
  EXPECT_EQ("a/b/c", name("{topic}", "a/b/c"));
  EXPECT_EQ("c-a", name("{2}-{0}", "a/b/c"));
  EXPECT_EQ("a/b/humidity", name("{topic}/{field}", "a/b", "humidity"));
  EXPECT_EQ("b/kitchen.7", name("{1}/{name}.{/id/0}", "a/b", "", {"kitchen", "7"}));
  EXPECT_EQ("fixed", name("fixed", "a"));
  EXPECT_EQ((std::vector<std::string>{"name", "/id/0"}),
            NameTemplate::parse("{name}{/id/0}").value().members());
}

TEST_F(SensorNames, AreRefusedWhereALevelIsNotThere) {
  EXPECT_EQ(std::nullopt, name("{3}", "a/b/c"));
  EXPECT_EQ(std::nullopt, name("{0}", "/a"));  // there, but empty
  EXPECT_EQ("/x", name("{0}/x", "/a"));
}

TEST_F(SensorNames, AreBoundedUtf8WithoutControlCharactersAndWildcards) {
  for (const char* good : {"a", "Büro/°C", "a b", "\xf0\x9f\x8c\xa1", "a$b", "\xc2\xa0"}) {
    EXPECT_TRUE(is_sensor_name(good)) << good;
  }
  for (const char* wrong :
       {"", "a+b", "a/#", "a\nb", "\x7f", "\xff", "\xc3", "\xed\xa0\x80", "$gateway", "a\xc2\x85"}) {
    EXPECT_FALSE(is_sensor_name(wrong)) << wrong;
  }
  EXPECT_FALSE(is_sensor_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_sensor_name(std::string(256, 'a')));
  EXPECT_FALSE(is_sensor_name(std::string(257, 'a')));
  EXPECT_EQ(std::nullopt, name("{name}", "t", "", {"two\nlines"}));
  EXPECT_EQ(std::nullopt, name("{name}", "t", "", {std::string(100000, 'x')}));
}

TEST(NameTemplates, AreRefusedWithAReason) {
  for (const char* wrong : {"", "{", "}", "a{topic", "a}b", "{a{b}}", "{}", "{99999999999999999999}",
                            "{70000}", "a+b", "$x/{topic}", "a\n", "{/a~2}", "\xff"}) {
    EXPECT_FALSE(NameTemplate::parse(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace sluice
