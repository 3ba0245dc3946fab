#include "decode/decoder.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

ReadingsEntry entry(const std::string& topic, int qos = 1) {
  ReadingsEntry result;
  result.topic = topic;
  result.qos = qos;
  return result;
}

using Subscriptions = std::vector<std::pair<std::string, int>>;

TEST(Subscriptions, LeaveOutWhatAnotherCoversAndKeepItsQos) {
  EXPECT_EQ((Subscriptions{{"a/#", 2}, {"b", 0}}),
            subscriptions_of({entry("a/+", 1), entry("a/#", 0), entry("a/b/c", 2), entry("b", 0)}));
  EXPECT_EQ((Subscriptions{{"a", 2}}), subscriptions_of({entry("a", 0), entry("a", 2), entry("a", 1)}));
  EXPECT_EQ((Subscriptions{{"#", 1}}), subscriptions_of({entry("#", 0), entry("+/#", 1)}));
  EXPECT_EQ((Subscriptions{{"a/+", 2}, {"+/b", 2}}),
            subscriptions_of({entry("a/b", 2), entry("a/+"), entry("+/b")}));
  EXPECT_EQ(Subscriptions{}, subscriptions_of({}));
}

class Decoding : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.readings = {entry("rooms/+/temperature"), entry("rooms/#"), entry("plain/+")};
    settings_.readings[0].value = "/t";
    settings_.readings[2].format = PayloadFormat::kNumber;
  }
  DecodeSettings settings_;
  std::vector<DecodedValue> out_;
};

TEST_F(Decoding, ChoosesTheFirstEntryThatMatchesEachTime) {
  Decoder decoder(settings_);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(0, decoder.entry_for("rooms/a/temperature"));
    EXPECT_EQ(1, decoder.entry_for("rooms/a/humidity"));
    EXPECT_EQ(1, decoder.entry_for("rooms"));
    EXPECT_EQ(2, decoder.entry_for("plain/a"));
    EXPECT_EQ(-1, decoder.entry_for("elsewhere"));
  }
}

TEST_F(Decoding, StaysRightOverMoreTopicsThanItRemembers) {
  for (int i = 0; i < 10; ++i) settings_.readings.push_back(entry("other/" + std::to_string(i)));
  Decoder decoder(settings_);
  for (int i = 0; i < 60000; ++i) {
    const std::string name = std::to_string(i % 40000);
    ASSERT_EQ(0, decoder.entry_for("rooms/" + name + "/temperature"));
    ASSERT_EQ(-1, decoder.entry_for(name));
  }
  EXPECT_EQ(1, decoder.entry_for("rooms/" + std::string(60000, 'x')));
}

TEST_F(Decoding, UsesTheFormatOfTheEntry) {
  Decoder decoder(settings_);
  EXPECT_EQ(Counter::kCount_, decoder.decode(0, "rooms/a/temperature", R"({"t":21.5})", out_));
  EXPECT_EQ(Counter::kCount_, decoder.decode(2, "plain/a", " 4 ", out_));
  EXPECT_EQ(Counter::kMessagesMalformed, decoder.decode(2, "plain/a", R"({"t":21.5})", out_));
  EXPECT_EQ(Counter::kMessagesNoReading, decoder.decode(0, "rooms/a/temperature", "4", out_));
  ASSERT_EQ(2u, out_.size());
  EXPECT_EQ(21.5, out_[0].value);
  EXPECT_EQ(4, out_[1].value);
  EXPECT_EQ("plain/+", decoder.entry(2).topic);
}

}  // namespace
}  // namespace sluice
