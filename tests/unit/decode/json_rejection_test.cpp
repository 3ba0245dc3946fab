#include "json_fixture.h"

namespace sluice {
namespace {

class JsonRejection : public JsonDecoding {
 protected:
  void expect(Counter reason, const std::string& payload) {
    EXPECT_EQ(reason, decode(payload)) << payload.substr(0, 40);
    EXPECT_TRUE(out_.empty() || reason == Counter::kCount_);
  }
};

TEST_F(JsonRejection, CountsAnEmptyPayload) {
  expect(Counter::kMessagesEmpty, "");
  expect(Counter::kMessagesEmpty, " \t\r\n");
}

TEST_F(JsonRejection, CountsWhatIsNotJson) {
  for (const char* text : {"{",
                           "}",
                           "[",
                           "]",
                           "[1",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{a:1}",
                           "{'a':1}",
                           "1 2",
                           "1,",
                           "NaN",
                           "[NaN]",
                           "Infinity",
                           "[-Infinity]",
                           "nul",
                           "True",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "0x10",
                           "-",
                           "--1",
                           "\"",
                           "\"a",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\n\"",
                           "\"\t\"",
                           "// comment\n1",
                           "[1]]",
                           "{\"a\":1}}",
                           "\xef\xbb\xbf"
                           "1",
                           ",",
                           ":",
                           "[1:2]",
                           "{1:2}",
                           "temperature=21",
                           "1e5x",
                           "99999999999999999999x",
                           "[1e999"}) {
    expect(Counter::kMessagesMalformed, text);
  }
  expect(Counter::kMessagesMalformed, std::string("1\0", 2));
}

TEST_F(JsonRejection, CountsWhatIsNotJsonOutsideOfThePartThatIsRead) {
  entry_.value = "/v";
  expect(Counter::kMessagesMalformed, R"({"v":1,"w":tru})");
  expect(Counter::kMessagesMalformed, R"({"v":1,"w":[01]})");
  expect(Counter::kMessagesMalformed, R"({"v":1} x)");
}

TEST_F(JsonRejection, CountsTextThatIsNotUtf8) {
  for (const char* text : {"\"\xff\"", "\"\xc3\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                           "\"\xf0\x82\x82\xac\"", "{\"a\":\"\x80\"}", "\xe9"}) {
    expect(Counter::kMessagesBadUtf8, text);
  }
}

TEST_F(JsonRejection, TakesSurrogatesInPairsOnly) {
  entry_.states = {{"\xf0\x9f\x98\x80", 5}};
  expect(Counter::kCount_, R"("\ud83d\ude00")");
  EXPECT_EQ(5, out_.at(0).value);
  for (const char* text : {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\ud83d")"}) {
    expect(Counter::kMessagesMalformed, text);
  }
}

TEST_F(JsonRejection, BoundsTheDepth) {
  auto nested = [](std::size_t depth) { return std::string(depth, '[') + "1" + std::string(depth, ']'); };
  expect(Counter::kCount_, nested(kJsonDepthMax));
  expect(Counter::kMessagesTooDeep, nested(kJsonDepthMax + 1));
  expect(Counter::kMessagesTooDeep, nested(100000));
  std::string objects;
  for (int i = 0; i < 1000; ++i) objects += "{\"a\":";
  expect(Counter::kMessagesTooDeep, objects + "1" + std::string(1000, '}'));
}

TEST_F(JsonRejection, GoesOnAfterALargePayload) {
  entry_.value = "/v";
  const std::string filler(1 << 20, 'x');
  for (int round = 0; round < 3; ++round) {
    expect(Counter::kCount_, R"({"filler":")" + filler + R"(","v":4})");
    EXPECT_EQ(4, out_.at(0).value);
    expect(Counter::kMessagesMalformed, R"({"filler":")" + filler);
    expect(Counter::kMessagesBadUtf8, "{\"filler\":\"" + filler + "\xff\"}");
    EXPECT_EQ(5, value(R"({"v":5})"));
  }
  std::string numbers = "1";
  for (int i = 0; i < 200000; ++i) numbers += ",1e999";
  expect(Counter::kCount_, R"({"v":6,"w":[)" + numbers + "]}");
}

TEST_F(JsonRejection, HoldsAtEveryLengthOfPayload) {
  // Sizes around the parser's blocks and its buffer's steps.
  entry_.value = "/v";
  for (std::size_t size = 0; size < 9000; size += size < 300 ? 1 : 97) {
    const std::string payload = R"({"f":")" + std::string(size, 'y') + R"(","v":7})";
    ASSERT_EQ(7, value(payload));
    ASSERT_EQ(Counter::kMessagesMalformed, decode(payload.substr(0, payload.size() - 1)));
  }
}

}  // namespace
}  // namespace sluice
