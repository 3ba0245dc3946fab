#include "decode/decoder.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

#include "base/check.h"
#include "decode/json_payload.h"
#include "decode/number_payload.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

// Topics remembered. When so many are known, all are forgotten: a few seconds of looking through the entries
// again cost less than keeping an order among them would.
constexpr std::size_t kTopicsMax = 16384;
constexpr std::size_t kTopicBytesMax = 256;  // longer ones are looked up each time
constexpr std::size_t kEntriesFew = 8;  // so few are looked through sooner than a topic is found in memory

struct TopicHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view topic) const { return std::hash<std::string_view>{}(topic); }
};

}  // namespace

struct Decoder::Impl {
  JsonParser json;
  std::size_t max_each;
  std::vector<std::unique_ptr<PayloadDecoder>> payloads;  // one for each readings entry
  std::unordered_map<std::string, int, TopicHash, std::equal_to<>> entry_of_topic;

  // The table of payload formats.
  std::unique_ptr<PayloadDecoder> make_payload(const ReadingsEntry& entry) {
    switch (entry.format) {
      case PayloadFormat::kJson:
        return make_json_payload(entry, max_each, json);
      case PayloadFormat::kNumber:
        return make_number_payload(entry);
    }
    SLUICE_CHECK(false, "a payload format without a line in this table");
    return nullptr;
  }
};

Decoder::Decoder(const DecodeSettings& settings) : settings_(settings), impl_(std::make_unique<Impl>()) {
  impl_->max_each = settings.max_each;
  for (const ReadingsEntry& entry : settings.readings) impl_->payloads.push_back(impl_->make_payload(entry));
}

Decoder::~Decoder() = default;

int Decoder::entry_for(std::string_view topic) {
  const auto& readings = settings_.readings;
  const bool few = readings.size() <= kEntriesFew;
  auto& known = impl_->entry_of_topic;
  if (!few) {
    if (auto found = known.find(topic); found != known.end()) return found->second;
  }
  const auto first = std::find_if(readings.begin(), readings.end(), [&](const ReadingsEntry& entry) {
    return topic_matches(entry.topic, topic);
  });
  const int index = first == readings.end() ? -1 : static_cast<int>(first - readings.begin());
  if (!few && topic.size() <= kTopicBytesMax) {
    if (known.size() >= kTopicsMax) known.clear();
    known.emplace(topic, index);
  }
  return index;
}

Counter Decoder::decode(int entry, std::string_view topic, std::string_view payload,
                        std::vector<DecodedValue>& out) {
  return impl_->payloads[static_cast<std::size_t>(entry)]->decode(topic, payload, out);
}

std::vector<std::pair<std::string, int>> subscriptions_of(const std::vector<ReadingsEntry>& readings) {
  std::vector<std::pair<std::string, int>> kept;
  for (const ReadingsEntry& entry : readings) {
    bool covered = std::any_of(kept.begin(), kept.end(),
                               [&](const auto& wide) { return filter_covers(wide.first, entry.topic); });
    if (covered) continue;
    std::erase_if(kept, [&](const auto& narrow) { return filter_covers(entry.topic, narrow.first); });
    kept.emplace_back(entry.topic, entry.qos);
  }
  for (auto& [filter, qos] : kept) {
    for (const ReadingsEntry& entry : readings) {
      if (filter_covers(filter, entry.topic)) qos = std::max(qos, entry.qos);
    }
  }
  return kept;
}

}  // namespace sluice
