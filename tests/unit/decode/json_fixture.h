// JsonDecoding: one readings entry of format json, built when it is first used.
#pragma once

#include <gtest/gtest.h>

#include "decode/json_payload.h"

namespace sluice {

class JsonDecoding : public ::testing::Test {
 protected:
  void SetUp() override { entry_.topic = "#"; }

  Counter decode(std::string_view payload, std::string_view topic = "lab/one") {
    if (!decoder_) decoder_ = make_json_payload(entry_, max_each_, parser_);
    out_.clear();
    return decoder_->decode(topic, payload, out_);
  }
  // The one good value in the payload.
  double value(std::string_view payload) {
    EXPECT_EQ(Counter::kCount_, decode(payload)) << payload;
    if (out_.size() != 1) {
      ADD_FAILURE() << out_.size() << " readings in " << payload;
      return -77777;
    }
    EXPECT_EQ(Counter::kCount_, out_[0].reject) << payload;
    return out_[0].value;
  }
  // Why the one value in the payload is rejected.
  Counter rejected(std::string_view payload) {
    EXPECT_EQ(Counter::kCount_, decode(payload)) << payload;
    return out_.size() == 1 ? out_[0].reject : Counter::kCount_;
  }
  void entry_is(const ReadingsEntry& entry) {
    entry_ = entry;
    decoder_.reset();
  }

  ReadingsEntry entry_;
  std::size_t max_each_ = 10000;
  JsonParser parser_;
  std::unique_ptr<PayloadDecoder> decoder_;
  std::vector<DecodedValue> out_;
};

}  // namespace sluice
