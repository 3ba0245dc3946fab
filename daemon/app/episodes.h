// Episodes: from the events of a fold, when each rule fired on each sensor and for how long. Counts are of
// all episodes; the list of them is bounded. compare() says how two configurations differ. Times are wall ms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/alert_event.h"

namespace sluice {

struct Episode {
  std::int64_t since_ms = 0;             // the condition began to hold
  std::int64_t fired_ms = 0;             // after `for`
  std::optional<std::int64_t> ended_ms;  // absent: it stands at the end
  double value = 0;                      // when it fired
  bool told = false;                     // false: late readings, hours of the rule: nobody hears of it
};

// A rule on a sensor.
struct RuleHistory {
  std::uint64_t count = 0;
  std::uint64_t untold = 0;  // of `count`
  std::int64_t total_ms = 0;
  std::int64_t longest_ms = 0;
  std::int64_t first_ms = 0;
  std::vector<Episode> episodes;  // in order; the first ones, if they are too many
};

using PairName = std::pair<std::string, std::string>;  // rule, sensor
using RuleHistories = std::map<PairName, RuleHistory>;

class Episodes {
 public:
  static constexpr std::size_t kListedMax = 200000;  // 56 bytes each

  // Counts what stands within [from, to).
  Episodes(std::int64_t from_ms, std::int64_t to_ms) : from_ms_(from_ms), to_ms_(to_ms) {}

  void add(const AlertEvent& event);
  void finish(std::int64_t end_ms);  // the history ends here; what stands is counted up to it

  const RuleHistories& histories() const { return histories_; }  // only those that fired
  std::uint64_t not_listed() const { return not_listed_; }

 private:
  void close(const PairName& pair, const Episode& episode, std::int64_t until_ms);

  std::int64_t from_ms_;
  std::int64_t to_ms_;
  std::map<PairName, Episode> open_;
  RuleHistories histories_;
  std::size_t listed_ = 0;
  std::uint64_t not_listed_ = 0;
};

// Episodes that overlap, and are not one of each with the same times; or one that overlaps none.
struct Difference {
  PairName pair;
  std::vector<Episode> before;
  std::vector<Episode> after;
};

struct EpisodeComparison {
  std::uint64_t same = 0;
  std::uint64_t only_before = 0;  // episodes that overlap none of the other side
  std::uint64_t only_after = 0;
  std::uint64_t moved = 0;              // groups of episodes that overlap
  bool complete = true;                 // false: one side lists only a part
  std::vector<Difference> differences;  // by rule, sensor and time
  bool differs() const { return only_before + only_after + moved > 0 || !complete; }
};

EpisodeComparison compare(const Episodes& before, const Episodes& after);

}  // namespace sluice
