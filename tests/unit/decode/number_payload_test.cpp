#include "decode/number_payload.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class NumberPayload : public ::testing::Test {
 protected:
  void SetUp() override {
    entry_.topic = "plain/#";
    entry_.format = PayloadFormat::kNumber;
    entry_.states = {{"OFF", 0}, {"ON", 1}, {"12", 120}};
  }
  Counter decode(std::string_view payload, std::string_view topic = "plain/a") {
    if (!decoder_) decoder_ = make_number_payload(entry_);
    out_.clear();
    return decoder_->decode(topic, payload, out_);
  }
  ReadingsEntry entry_;
  std::unique_ptr<PayloadDecoder> decoder_;
  std::vector<DecodedValue> out_;
};

TEST_F(NumberPayload, ReadsOneNumber) {
  struct Example {
    const char* payload;
    double value;
  };
  for (const Example& example :
       {Example{"21.53", 21.53}, Example{" -4\r\n", -4}, Example{"+1e3", 1000}, Example{"\t.5\v", 0.5},
        Example{"true", 1}, Example{"false", 0}, Example{"ON", 1}, Example{" OFF\n", 0}, Example{"12", 120},
        Example{"1e-999", 0}, Example{"123456789012345678901234567890", 123456789012345678901234567890.0}}) {
    ASSERT_EQ(Counter::kCount_, decode(example.payload)) << example.payload;
    ASSERT_EQ(1u, out_.size());
    EXPECT_EQ(Counter::kCount_, out_[0].reject) << example.payload;
    EXPECT_EQ(example.value, out_[0].value) << example.payload;
    EXPECT_EQ("plain/a", out_[0].sensor);
    EXPECT_FALSE(out_[0].has_time);
  }
}

TEST_F(NumberPayload, RejectsAMessageThatIsNoNumber) {
  struct Example {
    std::string payload;
    Counter reason;
  };
  for (const Example& example :
       {Example{"", Counter::kMessagesEmpty}, Example{" \n", Counter::kMessagesEmpty},
        Example{"on", Counter::kMessagesMalformed}, Example{"1,5", Counter::kMessagesMalformed},
        Example{"1 2", Counter::kMessagesMalformed}, Example{"0x10", Counter::kMessagesMalformed},
        Example{"TRUE", Counter::kMessagesMalformed}, Example{"{\"v\":1}", Counter::kMessagesMalformed},
        Example{std::string("1\0", 2), Counter::kMessagesMalformed},
        Example{"21\xb0", Counter::kMessagesBadUtf8},
        Example{std::string(1 << 20, 'x'), Counter::kMessagesMalformed}}) {
    EXPECT_EQ(example.reason, decode(example.payload)) << example.payload.substr(0, 20);
    EXPECT_TRUE(out_.empty());
  }
}

TEST_F(NumberPayload, RejectsAReadingThatIsNotFinite) {
  for (const char* nan : {"nan", "NaN", "-nan"}) {
    ASSERT_EQ(Counter::kCount_, decode(nan));
    EXPECT_EQ(Counter::kReadingsNotANumber, out_.at(0).reject);
  }
  for (const std::string& large :
       {std::string("inf"), std::string("-Infinity"), std::string("1e999"), std::string(1 << 20, '9')}) {
    ASSERT_EQ(Counter::kCount_, decode(large));
    EXPECT_EQ(Counter::kReadingsOutOfRange, out_.at(0).reject);
  }
}

TEST_F(NumberPayload, NamesTheSensorByTheTemplate) {
  entry_.sensor = "{1}.x";
  EXPECT_EQ(Counter::kCount_, decode("1", "plain/cellar"));
  EXPECT_EQ("cellar.x", out_.at(0).sensor);
  EXPECT_EQ(Counter::kCount_, decode("1", "plain"));
  EXPECT_EQ(Counter::kReadingsBadName, out_.at(0).reject);
}

}  // namespace
}  // namespace sluice
