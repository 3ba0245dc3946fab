#include "config/yaml_tree.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class YamlTree : public ::testing::Test {
 protected:
  // The one line of the error that a text gives.
  static std::string error_of(const std::string& text) {
    Problems problems;
    parse_yaml(text, problems);
    return problems.text("f");
  }
  static void expect_error(const std::string& start, const std::string& text) {
    EXPECT_EQ(start, error_of(text).substr(0, start.size())) << text.substr(0, 100);
  }
};

TEST_F(YamlTree, KnowsWhereEverythingStands) {
  Problems problems;
  auto root = parse_yaml("a: 1\nlist:\n  - x\n  - {b: \"2\"}\n", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_TRUE(problems.empty());
  ASSERT_EQ(2u, root->children.size());
  const YamlNode& list = root->children[1];
  EXPECT_EQ("list", list.key);
  EXPECT_EQ(2, list.key_at.line);
  ASSERT_EQ(2u, list.children.size());
  EXPECT_EQ(3, list.children[0].at.line);
  EXPECT_EQ(5, list.children[0].at.column);
  const YamlNode& b = list.children[1].children[0];
  EXPECT_EQ("2", b.text);
  EXPECT_TRUE(b.quoted);
  EXPECT_EQ(4, b.at.line);
  EXPECT_EQ(9, b.at.column);
}

TEST_F(YamlTree, CountsColumnsInCharactersNotBytes) {
  Problems problems;
  auto root = parse_yaml("\xEF\xBB\xBF{unit: \"°C\", a: 1}", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(14, root->children[1].key_at.column);
}

TEST_F(YamlTree, KeepsScalarsAsText) {
  Problems problems;
  auto root = parse_yaml("[no, 1e3, 00:15, 0x10, ~, null, '', \"~\"]", problems);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ("no", root->children[0].text);
  EXPECT_EQ("00:15", root->children[2].text);
  EXPECT_EQ(YamlNode::Kind::kNull, root->children[4].kind);
  EXPECT_EQ(YamlNode::Kind::kNull, root->children[5].kind);
  EXPECT_EQ(YamlNode::Kind::kText, root->children[6].kind);
  EXPECT_EQ(YamlNode::Kind::kText, root->children[7].kind);
}

TEST_F(YamlTree, RefusesAKeyGivenTwice) {
  EXPECT_EQ("f:3:1: a: given twice; expected once: it stands already at 1:1", error_of("a: 1\nb: 2\na: 3\n"));
}

TEST_F(YamlTree, RefusesWhatAConfigurationDoesNotNeed) {
  EXPECT_NE(std::string::npos, error_of("a: &x 1\nb: *x\n").find("f:2:4: syntax: an alias"));
  expect_error("f:1:4: syntax: an anchor", "a: &x 1\n");
  expect_error("f:1:4: syntax: the tag", "a: !!binary aGVsbG8=\n");
  expect_error("f:2:1: syntax: a second document", "a: 1\n---\nb: 2\n");
  expect_error("f:1:2: syntax: a key that is not a word", "{[a]: 1}");
}

TEST_F(YamlTree, RefusesABillionLaughsWithoutExpandingThem) {
  std::string text = "a0: &a0 [lol, lol]\n";
  for (int i = 1; i < 40; ++i) {
    std::string last = std::to_string(i - 1), now = std::to_string(i);
    text += "a" + now + ": &a" + now + " [*a" + last + ", *a" + last + "]\n";
  }
  expect_error("f:1:5: syntax: an anchor (&name) is not supported", text);
}

TEST_F(YamlTree, BoundsDepthAndNumberOfValues) {
  std::string text = "1";
  for (int i = 0; i < 20; ++i) text = "[" + text + "]";
  EXPECT_EQ("", error_of(text));
  text = "[" + text + "]";
  expect_error("f:1:21: syntax: nested more than 20 deep", text);
  std::string wide = "[";
  for (int i = 0; i < 250000; ++i) wide += "1,";
  expect_error("f:1:400000: syntax: more than 200000 values", wide + "1]");
}

TEST_F(YamlTree, RefusesBytesThatAreNotText) {
  expect_error("f:2:4: syntax: the byte 0xff is not text", "a: 1\nb: \xFF\n");
  expect_error("f:1:5: syntax: the byte 0xc0 is not text", "a: \xC3\xA4\xC0\xAF\n");
  expect_error("f:1:4: syntax: the byte 0xed is not text", "a: \xED\xA0\x80\n");
  expect_error("f:1:4: syntax: the byte 0xe2 is not text", "a: \xE2\x82");
  expect_error("f:1:2: syntax: the byte 0x00 is not text", std::string("a\0:\0", 4));
}

TEST_F(YamlTree, PlacesSyntaxErrors) {
  expect_error("f:3:2: syntax: ", "a:\n  b: 1\n c\n");
  EXPECT_NE(std::string::npos, error_of("a: {b: 1\nc: 2\n").find("close the {"));
  EXPECT_NE(std::string::npos, error_of("a: b: c\n").find("quote a text"));
  EXPECT_NE(std::string::npos, error_of("a: \"b").find("close the quotes"));
}

}  // namespace
}  // namespace sluice
