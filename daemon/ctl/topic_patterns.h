// TopicSurvey: topics heard, with the shape of their payloads, and the patterns that they follow: levels that
// vary among topics of one shape become "+". Each pattern gives the `readings` entry that would read it.
// Bounded: so many topics; messages of more are counted.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/payload_shape.h"
#include "decode/decode_settings.h"

namespace sluice {

struct SurveyedTopic {
  std::uint64_t messages = 0;
  std::uint64_t retained = 0;
  std::string payload;  // the newest, its beginning
  PayloadShape shape;
};

struct TopicPattern {
  std::string filter;
  std::vector<std::string> topics;  // sorted
  std::uint64_t messages = 0;
  std::uint64_t retained = 0;
  std::string payload;  // of the first topic
  PayloadShape shape;
};

class TopicSurvey {
 public:
  void add(const std::string& topic, std::string_view payload, bool retained, std::int64_t arrival_ms);
  std::vector<TopicPattern> patterns() const;  // narrower filters before those that cover them
  std::uint64_t messages() const { return messages_; }
  std::size_t topics() const { return topics_.size(); }
  std::uint64_t left_out() const { return left_out_; }  // messages of topics beyond the limit

 private:
  std::map<std::string, SurveyedTopic> topics_;
  std::uint64_t messages_ = 0;
  std::uint64_t left_out_ = 0;
};

// Nothing, if no number is found in the payloads.
std::optional<ReadingsEntry> entry_of(const TopicPattern& pattern);
std::string entry_yaml(const ReadingsEntry& entry);  // { topic: "…", format: number }

}  // namespace sluice
