#include <gtest/gtest.h>

#include "config/settings.h"
#include "ctl/topic_patterns.h"
#include "decode/decoder.h"

namespace sluice {
namespace {

constexpr std::int64_t kHeardAt = 1775000000000;

class Discover : public ::testing::Test {
 protected:
  void hear(const std::string& topic, const std::string& payload) {
    survey_.add(topic, payload, false, kHeardAt);
    heard_.emplace_back(topic, payload);
  }
  // What is printed, as `check` would read it.
  std::string yaml() const {
    std::string text;
    for (const TopicPattern& pattern : survey_.patterns()) {
      if (auto entry = entry_of(pattern)) text += "  - " + entry_yaml(*entry) + "\n";
    }
    return text;
  }
  Settings settings() const {
    Result<Settings> loaded = parse_settings("readings:\n" + yaml(), "proposal");
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().context) << yaml();
    return loaded.ok() ? *loaded : Settings();
  }
  // The names of all readings that the proposal makes of what was heard; rejections with their reason.
  std::set<std::string> readings() const {
    const Settings loaded = settings();
    Decoder decoder(loaded.decode);
    std::set<std::string> found;
    for (const auto& [topic, payload] : heard_) {
      const int entry = decoder.entry_for(topic);
      if (entry < 0) continue;
      std::vector<DecodedValue> values;
      const Counter whole = decoder.decode(entry, topic, payload, values);
      if (whole != Counter::kCount_) found.insert(topic + " " + std::string(counter_name(whole)));
      for (const DecodedValue& value : values) {
        found.insert(std::string(value.sensor) +
                     (value.reject == Counter::kCount_ ? "" : " " + std::string(counter_name(value.reject))) +
                     (value.has_time ? "@" : ""));
      }
    }
    return found;
  }
  TopicSurvey survey_;
  std::vector<std::pair<std::string, std::string>> heard_;
};

TEST_F(Discover, CollapsesTheLevelThatVariesAndKeepsQuantitiesApart) {
  for (const char* room : {"hall", "kitchen", "attic"}) {
    hear(std::string("sensors/") + room + "/temperature", "21.5");
    hear(std::string("sensors/") + room + "/humidity", "40");
  }
  EXPECT_EQ(
      "  - { topic: \"sensors/+/humidity\", format: number }\n"
      "  - { topic: \"sensors/+/temperature\", format: number }\n",
      yaml());
  EXPECT_EQ(6u, readings().size());
}

TEST_F(Discover, RecognisesTimesByNameAndByBeingNearTheArrival) {
  hear("a/1", R"({"temperature":21.5,"timestamp":1774999999})");
  hear("b/1", R"({"v":3,"measured":"2026-03-31T23:33:20Z","other":1500000000})");
  EXPECT_EQ((std::set<std::string>{"a/1@", "b/1/other@", "b/1/v@"}), readings()) << yaml();
}

TEST_F(Discover, ReadsStatesAlsoOfTheWordThatWasNotSeen) {
  hear("plug/1", R"({"state":"ON","power":12.5})");
  hear("door/1", "open");
  heard_.emplace_back("plug/1", R"({"state":"OFF","power":0})");
  heard_.emplace_back("door/1", "closed");
  EXPECT_EQ((std::set<std::string>{"door/1", "plug/1/power", "plug/1/state"}), readings()) << yaml();
}

TEST_F(Discover, JoinsDevicesThatShareAMemberAndListsAllTheirFields) {
  hear("zigbee2mqtt/plug", R"({"power":12.5,"linkquality":80})");
  hear("zigbee2mqtt/door", R"({"contact":true,"linkquality":60})");
  EXPECT_EQ(
      "  - { topic: \"zigbee2mqtt/+\", format: json, fields: [\"contact\", \"linkquality\", \"power\"] }\n",
      yaml());
  EXPECT_EQ(4u, readings().size());
}

TEST_F(Discover, ReadsArraysWhereverTheyAre) {
  hear("packs/1",
       R"({"readings":[{"name":"c1","v":3.6,"t":1775000000},{"name":"c2","v":3.5,"t":1775000000}]})");
  hear("list", R"([{"sensor":"x","a":1,"b":2}])");
  EXPECT_EQ((std::set<std::string>{"list/x/a", "list/x/b", "packs/1/c1@", "packs/1/c2@"}), readings())
      << yaml();
}

TEST_F(Discover, GivesNoEntryWhereThereIsNoNumber) {
  hear("app/version", "v1.2.3 build 5");
  hear("app/blob", "\x80\x81");
  hear("app/nothing", "");
  hear("app/text", R"({"message":"hello"})");
  EXPECT_EQ("", yaml());
  EXPECT_EQ(4u, survey_.patterns().size());
}

TEST_F(Discover, PutsTheNarrowerFilterFirst) {
  for (const char* device : {"a1", "b2", "c3"}) hear(std::string("dev/") + device, R"({"x":1,"y":2})");
  hear("dev/plain", "7");
  EXPECT_EQ(
      "  - { topic: \"dev/plain\", format: number }\n"
      "  - { topic: \"dev/+\", format: json, fields: [\"x\", \"y\"] }\n",
      yaml());
  EXPECT_EQ(7u, readings().size());
}

TEST_F(Discover, MakesEntriesThatLoadOfAwkwardNames) {
  hear("we\"ird/to\\pic", R"({"a b":1,"c/d":2,"e~f":3,"":4})");
  hear("nested/1", R"({"a":{"temp":1},"b":{"temp":2},"c":{"d":{"e":5}}})");
  settings();
  EXPECT_EQ(1u, readings().count("nested/1/temp")) << yaml();
}

TEST_F(Discover, MakesEntriesThatLoadOfControlCharactersAndBraces) {
  hear("a/tab\there", R"({"t\n1":1,"u\u007f":2,"v\u0001":3})");
  hear("b/1", R"([{"a{b}":"x","value":1}])");
  hear("c/1", R"([{"topic":"x","value":1}])");
  settings();
  const std::set<std::string> found = readings();
  EXPECT_EQ(1u, found.count("b/1")) << yaml();
  EXPECT_EQ(1u, found.count("c/1/x")) << yaml() << "the member, not the topic";
}

TEST_F(Discover, IsBounded) {
  for (int i = 0; i < 5100; ++i) survey_.add("t/" + std::to_string(i), "1", false, kHeardAt);
  EXPECT_EQ(5000u, survey_.topics());
  EXPECT_EQ(100u, survey_.left_out());
  ASSERT_EQ(1u, survey_.patterns().size());
  EXPECT_EQ("t/+", survey_.patterns()[0].filter);
}

}  // namespace
}  // namespace sluice
