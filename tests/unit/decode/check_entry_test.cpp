#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "decode/decoder.h"

namespace sluice {
namespace {

class CheckedEntry : public ::testing::Test {
 protected:
  // The first word of the error is the key that is wrong.
  static std::string wrong_key(const std::function<void(ReadingsEntry&)>& change) {
    ReadingsEntry entry;
    entry.topic = "packs/+/x";
    change(entry);
    Status status = check_readings_entry(entry);
    return status.ok() ? "" : status.error().context.substr(0, status.error().context.find(':'));
  }
};

TEST_F(CheckedEntry, TakesWhatTheDesignShows) {
  using E = ReadingsEntry;
  for (const auto& change : std::vector<std::function<void(E&)>>{
           [](E&) {},
           [](E& e) { e.value = "/temperature", e.time = "/timestamp", e.unit = "°C"; },
           [](E& e) {
             e.fields = {"temperature", "/a/0/b"}, e.states = {{"ON", 1}};
           },
           [](E& e) { e.each = "/readings", e.value = "/v", e.time = "/t", e.sensor = "{1}/{name}"; },
           [](E& e) {
             e.each = "#", e.fields = {"t", "h"}, e.sensor = "{2}/{name}/{field}";
           },
           [](E& e) { e.format = PayloadFormat::kNumber, e.topic = "plain/#", e.sensor = "{7}"; },
           [](E& e) { e.time = "/t", e.time_format = TimeFormat::kNanoseconds; },
           [](E& e) { e.fields = {"t"}, e.sensor = "{topic}"; },
       }) {
    EXPECT_EQ("", wrong_key(change));
  }
}

TEST_F(CheckedEntry, NamesTheKeyThatIsWrong) {
  using E = ReadingsEntry;
  for (const char* topic : {"", "a/#/b", "$SYS/#", "$share/g/a", "sluice/x/#"}) {
    EXPECT_EQ("topic", wrong_key([&](E& e) { e.topic = topic; })) << topic;
  }
  EXPECT_EQ("qos", wrong_key([](E& e) { e.qos = 3; }));
  EXPECT_EQ("value", wrong_key([](E& e) { e.value = "temperature"; }));
  EXPECT_EQ("value", wrong_key([](E& e) { e.value = "/a~"; }));
  EXPECT_EQ("time", wrong_key([](E& e) { e.time = "timestamp"; }));
  EXPECT_EQ("each", wrong_key([](E& e) { e.each = "readings"; }));
  EXPECT_EQ("time_format", wrong_key([](E& e) { e.time_format = TimeFormat::kSeconds; }));
  EXPECT_EQ("fields", wrong_key([](E& e) { e.fields = {""}; }));
  EXPECT_EQ("fields", wrong_key([](E& e) { e.fields = {"a", "b", "a"}; }));
  EXPECT_EQ("fields", wrong_key([](E& e) { e.fields = {"/a~2"}; }));
  EXPECT_EQ("value", wrong_key([](E& e) { e.fields = {"a"}, e.value = "/b"; }));
  EXPECT_EQ("states", wrong_key([](E& e) { e.states = {{"", 1}}; }));
  EXPECT_EQ("states", wrong_key([](E& e) { e.states = {{"A", std::numeric_limits<double>::infinity()}}; }));
}

TEST_F(CheckedEntry, RefusesNamesThatCannotBe) {
  using E = ReadingsEntry;
  EXPECT_EQ("sensor", wrong_key([](E& e) { e.sensor = "{topic"; }));
  EXPECT_EQ("sensor", wrong_key([](E& e) { e.sensor = "{3}"; }));
  EXPECT_EQ("sensor", wrong_key([](E& e) { e.sensor = "{field}"; }));
  EXPECT_EQ("sensor", wrong_key([](E& e) { e.fields = {"a", "b"}, e.sensor = "{topic}"; }));
  EXPECT_EQ("sensor", wrong_key([](E& e) { e.format = PayloadFormat::kNumber, e.sensor = "{name}"; }));
  for (const auto& change :
       std::vector<std::function<void(E&)>>{[](E& e) { e.value = "/v"; }, [](E& e) { e.time = "/t"; },
                                            [](E& e) { e.fields = {"a"}; }, [](E& e) { e.each = "/a"; }}) {
    EXPECT_NE("", wrong_key([&](E& e) { e.format = PayloadFormat::kNumber, change(e); }));
  }
}

}  // namespace
}  // namespace sluice
