#include "decode/decoder.h"

#include <algorithm>

#include "decode/topic_filter.h"

namespace sluice {

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
