#include "json_fixture.h"

namespace sluice {
namespace {

TEST_F(JsonDecoding, FollowsThePointersOfTheStandard) {
  // RFC 6901 section 5.
  const char* document = R"({"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
                             "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8})";
  struct Example {
    const char* pointer;
    double value;
  };
  for (const Example& example :
       {Example{"/foo/0", 100}, Example{"/", 0}, Example{"/a~1b", 1}, Example{"/c%d", 2}, Example{"/e^f", 3},
        Example{"/g|h", 4}, Example{"/i\\j", 5}, Example{"/k\"l", 6}, Example{"/ ", 7},
        Example{"/m~0n", 8}}) {
    ReadingsEntry entry;
    entry.topic = "#";
    entry.value = example.pointer;
    entry.states = {{"bar", 100}};
    entry_is(entry);
    EXPECT_EQ(example.value, value(document)) << example.pointer;
  }
  for (const char* nowhere : {"/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/bar", "/foo/0/0", "/fo",
                              "/m~01n", "/foo/99999999999999999999", "/ /x"}) {
    ReadingsEntry entry;
    entry.topic = "#";
    entry.value = nowhere;
    entry_is(entry);
    EXPECT_EQ(Counter::kMessagesNoReading, decode(document)) << nowhere;
  }
}

TEST_F(JsonDecoding, TakesTheUnitFromThePayload) {
  entry_.value = "/value";
  entry_.unit_at = "/unit";
  EXPECT_EQ(4, value(R"({"value":4,"unit":"\u00b0C"})"));
  EXPECT_EQ("°C", out_[0].unit);
  for (const char* none : {R"({"value":4})", R"({"value":4,"unit":7})", R"({"value":4,"unit":null})",
                           R"({"value":4,"unit":"a text that is far too long for a unit"})"}) {
    EXPECT_EQ(4, value(none)) << none;
    EXPECT_EQ("", out_[0].unit) << none;
  }
}

TEST_F(JsonDecoding, TakesTheWholeDocumentWithoutAPointer) {
  EXPECT_EQ(21.53, value(" 21.53 \n"));
  EXPECT_EQ(1, value("true"));
  EXPECT_EQ(0, value("false"));
  EXPECT_EQ("lab/one", out_[0].sensor);
  EXPECT_FALSE(out_[0].has_time);
}

TEST_F(JsonDecoding, ReadsNumbersOfAnySize) {
  EXPECT_EQ(-7, value("-7"));
  EXPECT_EQ(0, value("-0.0"));
  EXPECT_EQ(9007199254740992.0, value("9007199254740993"));  // past 2^53: the nearest double
  EXPECT_EQ(18446744073709551615.0, value("18446744073709551615"));
  EXPECT_EQ(18446744073709551616.0, value("18446744073709551616"));
  EXPECT_EQ(-123456789012345678901234567890.0, value("-123456789012345678901234567890"));
  EXPECT_EQ(5e-324, value("5e-324"));
  EXPECT_EQ(0, value("1e-999"));
  EXPECT_EQ(1.7976931348623155e308, value("1.7976931348623155e308"));
}

TEST_F(JsonDecoding, GivesAReadingForEachFieldThatIsThere) {
  entry_.fields = {"temperature", "humidity", "state", "/deep/0/pm~110"};
  entry_.states = {{"ON", 1}, {"OFF", 0}};
  ASSERT_EQ(
      Counter::kCount_,
      decode(R"({"humidity": 40, "state": "ON", "temperature": null, "deep": [{"pm/10": 3}]})", "z/hall"));
  ASSERT_EQ(3u, out_.size());
  EXPECT_EQ("z/hall/humidity", out_[0].sensor);
  EXPECT_EQ(40, out_[0].value);
  EXPECT_EQ("z/hall/state", out_[1].sensor);
  EXPECT_EQ(1, out_[1].value);
  EXPECT_EQ("z/hall/pm/10", out_[2].sensor);
  EXPECT_EQ(Counter::kMessagesNoReading, decode(R"({"temperature": null, "other": 1})"));
  EXPECT_EQ(Counter::kMessagesNoReading, decode("{}"));
  EXPECT_EQ(Counter::kMessagesNoReading, decode("[1, 2]"));
}

TEST_F(JsonDecoding, GivesAReadingForEachElement) {
  entry_.each = "/readings";
  entry_.value = "/v";
  entry_.time = "/t";
  entry_.sensor = "{1}/{name}";
  ASSERT_EQ(Counter::kCount_, decode(R"({"name": "not this", "readings": [
      {"name": "a", "v": 1, "t": 1772366400},
      {"name": 17, "v": true, "t": "2026-03-01T12:00:01Z"},
      {"name": 2.5, "v": "x", "t": 1772366402000},
      {"v": 4, "t": 1772366403},
      {"name": "e", "v": 5},
      {"name": "f", "t": 1772366405},
      6]})",
                                     "packs/p1"));
  ASSERT_EQ(7u, out_.size());
  EXPECT_EQ("p1/a", out_[0].sensor);
  EXPECT_EQ(1, out_[0].value);
  EXPECT_EQ(1772366400000, out_[0].time_ms);
  EXPECT_TRUE(out_[0].has_time);
  EXPECT_EQ("p1/17", out_[1].sensor);
  EXPECT_EQ(1, out_[1].value);
  EXPECT_EQ(1772366401000, out_[1].time_ms);
  EXPECT_EQ("p1/2.5", out_[2].sensor);
  const Counter reasons[] = {
      Counter::kCount_,          Counter::kCount_,          Counter::kReadingsNotANumber,
      Counter::kReadingsBadName, Counter::kReadingsBadTime, Counter::kReadingsNotANumber,
      Counter::kReadingsBadName};
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(reasons[i], out_[i].reject) << i;
}

TEST_F(JsonDecoding, ReadsFieldsOfElementsAndArraysOfNumbers) {
  ReadingsEntry entry;
  entry.topic = "#";
  entry.each = "#";
  entry.fields = {"t", "h"};
  entry.sensor = "{id}.{field}";
  entry_is(entry);
  ASSERT_EQ(Counter::kCount_, decode(R"([{"id":"a","t":1,"h":2},{"id":"b"},{"id":"c","h":3}])"));
  ASSERT_EQ(3u, out_.size());
  EXPECT_EQ("a.t", out_[0].sensor);
  EXPECT_EQ("a.h", out_[1].sensor);
  EXPECT_EQ("c.h", out_[2].sensor);
  EXPECT_EQ(Counter::kMessagesNoReading, decode(R"([{"id":"b"}])"));

  entry = ReadingsEntry();
  entry.topic = "#";
  entry.each = "/values";
  entry_is(entry);
  ASSERT_EQ(Counter::kCount_, decode(R"({"values":[1,2.5,null]})"));
  ASSERT_EQ(3u, out_.size());
  EXPECT_EQ(2.5, out_[1].value);
  EXPECT_EQ(Counter::kReadingsNotANumber, out_[2].reject);
  EXPECT_EQ(Counter::kCount_, decode(R"({"values":[]})"));
  EXPECT_TRUE(out_.empty());
  EXPECT_EQ(Counter::kMessagesNoReading, decode(R"({"values":{"0":1}})"));
  EXPECT_EQ(Counter::kMessagesNoReading, decode(R"({"other":[1]})"));
}

TEST_F(JsonDecoding, RejectsAMessageWithMoreReadingsThanAllowed) {
  entry_.each = "#";
  max_each_ = 3;
  EXPECT_EQ(Counter::kCount_, decode("[1,2,3]"));
  EXPECT_EQ(3u, out_.size());
  EXPECT_EQ(Counter::kMessagesTooMany, decode("[1,2,3,4]"));
  EXPECT_TRUE(out_.empty());
}

TEST_F(JsonDecoding, RejectsAllReadingsOfADocumentWithoutATime) {
  entry_.fields = {"a", "b"};
  entry_.time = "/time";
  for (const char* payload :
       {R"({"a":1,"b":2})", R"({"a":1,"b":2,"time":null})", R"({"a":1,"b":2,"time":"noon"})",
        R"({"a":1,"b":2,"time":true})", R"({"a":1,"b":2,"time":12})",
        R"({"a":1,"b":2,"time":18446744073709551615})", R"({"a":1,"b":2,"time":1e999})"}) {
    ASSERT_EQ(Counter::kCount_, decode(payload)) << payload;
    ASSERT_EQ(2u, out_.size());
    for (const DecodedValue& found : out_) {
      EXPECT_EQ(Counter::kReadingsBadTime, found.reject) << payload;
      EXPECT_FALSE(found.has_time);
    }
  }
  EXPECT_EQ(Counter::kCount_, decode(R"({"a":1,"time":1772366400.25})"));
  EXPECT_EQ(1772366400250, out_.at(0).time_ms);
}

TEST_F(JsonDecoding, RejectsAReadingByItsValue) {
  entry_.value = "/v";
  entry_.states = {{"ON", 1}, {"käse", 2}, {"a\"b", 3}};
  for (const char* payload :
       {R"({"v":null})", R"({"v":{}})", R"({"v":[1]})", R"({"v":"21.5"})", R"({"v":""})", R"({"v":"on"})"}) {
    EXPECT_EQ(Counter::kReadingsNotANumber, rejected(payload)) << payload;
  }
  for (const char* payload :
       {R"({"v":1e999})", R"({"v":-1e999})", R"({"x":18446744073709551616,"v":1e400})"}) {
    EXPECT_EQ(Counter::kReadingsOutOfRange, rejected(payload)) << payload;
  }
  EXPECT_EQ(2, value(R"({"v":"k\u00e4se"})"));
  EXPECT_EQ(3, value(R"({"v":"a\"b"})"));
}

TEST_F(JsonDecoding, KeepsTheOtherReadingsOfAMessageWithAHugeNumber) {
  entry_.fields = {"a", "b", "c"};
  ASSERT_EQ(Counter::kCount_, decode(R"({"a":1e999,"b":2,"c":99999999999999999999})"));
  ASSERT_EQ(3u, out_.size());
  EXPECT_EQ(Counter::kReadingsOutOfRange, out_[0].reject);
  EXPECT_EQ(2, out_[1].value);
  EXPECT_EQ(1e20, out_[2].value);
  EXPECT_EQ(Counter::kMessagesMalformed, decode(R"({"a":1e999,"b":02})"));
}

TEST_F(JsonDecoding, TakesTheFirstOfEqualMembers) {
  entry_.value = "/v";
  EXPECT_EQ(1, value(R"({"v":1,"v":2})"));
}

TEST_F(JsonDecoding, AppendsToWhatIsThere) {
  std::vector<DecodedValue> out(2);
  out[0].value = 8;
  auto decoder = make_json_payload(entry_, max_each_, parser_);
  EXPECT_EQ(Counter::kCount_, decoder->decode("a", "1", out));
  EXPECT_EQ(Counter::kMessagesMalformed, decoder->decode("a", "x", out));
  ASSERT_EQ(3u, out.size());
  EXPECT_EQ(8, out[0].value);
  EXPECT_EQ("a", out[2].sensor);
}

}  // namespace
}  // namespace sluice
