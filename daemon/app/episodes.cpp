#include "app/episodes.h"

#include <algorithm>
#include <limits>

namespace sluice {

namespace {

constexpr std::uint32_t kUntold = kQuiet | kSilenced | kMuted;

std::int64_t end_of(const Episode& episode) {
  return episode.ended_ms.value_or(std::numeric_limits<std::int64_t>::max());
}

bool same(const Episode& a, const Episode& b) {
  return a.fired_ms == b.fired_ms && a.ended_ms == b.ended_ms && a.told == b.told;
}

// Episodes of one side do not overlap each other and are in order.
void compare_pair(const PairName& pair, const std::vector<Episode>& before, const std::vector<Episode>& after,
                  EpisodeComparison& result) {
  constexpr std::int64_t kNone = std::numeric_limits<std::int64_t>::min();
  auto b = before.begin();
  auto a = after.begin();
  while (b != before.end() || a != after.end()) {
    Difference group{pair, {}, {}};
    std::int64_t before_until_ms = kNone;
    std::int64_t after_until_ms = kNone;
    for (;;) {
      const bool first = group.before.empty() && group.after.empty();
      const bool before_first = a == after.end() || (b != before.end() && b->fired_ms <= a->fired_ms);
      if (b != before.end() && (first ? before_first : b->fired_ms <= after_until_ms)) {
        before_until_ms = end_of(*b);
        group.before.push_back(*b++);
      } else if (a != after.end() && (first || a->fired_ms <= before_until_ms)) {
        after_until_ms = end_of(*a);
        group.after.push_back(*a++);
      } else {
        break;
      }
    }
    if (group.before.size() == 1 && group.after.size() == 1 && same(group.before[0], group.after[0])) {
      ++result.same;
      continue;
    }
    ++(group.after.empty() ? result.only_before : group.before.empty() ? result.only_after : result.moved);
    result.differences.push_back(std::move(group));
  }
}

}  // namespace

void Episodes::add(const AlertEvent& event) {
  PairName pair(event.alert, event.sensor);
  auto open = open_.find(pair);
  if (event.state == AlertState::kFiring) {
    if (open == open_.end()) {
      Episode episode;
      episode.since_ms = event.since_ms;
      episode.fired_ms = event.at_ms;
      episode.value = event.value;
      open = open_.emplace(std::move(pair), episode).first;
    }
    open->second.told = open->second.told || (event.flags & kUntold) == 0;
    return;
  }
  if (open == open_.end()) return;
  Episode episode = open->second;
  episode.ended_ms = std::max(event.at_ms, episode.fired_ms);
  open_.erase(open);
  close(pair, episode, *episode.ended_ms);
}

void Episodes::finish(std::int64_t end_ms) {
  for (const auto& [pair, episode] : open_) close(pair, episode, std::max(end_ms, episode.fired_ms));
  open_.clear();
}

void Episodes::close(const PairName& pair, const Episode& episode, std::int64_t until_ms) {
  if (until_ms < from_ms_ || episode.fired_ms >= to_ms_) return;
  RuleHistory& history = histories_[pair];
  const std::int64_t lasted_ms = std::min(until_ms, to_ms_) - std::max(episode.fired_ms, from_ms_);
  if (history.count++ == 0) history.first_ms = episode.fired_ms;
  if (!episode.told) ++history.untold;
  history.total_ms += lasted_ms;
  history.longest_ms = std::max(history.longest_ms, lasted_ms);
  if (listed_ == kListedMax) {
    ++not_listed_;
    return;
  }
  history.episodes.push_back(episode);
  ++listed_;
}

EpisodeComparison compare(const Episodes& before, const Episodes& after) {
  static const std::vector<Episode> kNone;
  EpisodeComparison result;
  result.complete = before.not_listed() == 0 && after.not_listed() == 0;
  for (const auto& [pair, history] : before.histories()) {
    auto other = after.histories().find(pair);
    compare_pair(pair, history.episodes, other == after.histories().end() ? kNone : other->second.episodes,
                 result);
  }
  for (const auto& [pair, history] : after.histories()) {
    if (before.histories().count(pair) == 0) compare_pair(pair, kNone, history.episodes, result);
  }
  std::stable_sort(result.differences.begin(), result.differences.end(),
                   [](const Difference& a, const Difference& b) { return a.pair < b.pair; });
  return result;
}

}  // namespace sluice
