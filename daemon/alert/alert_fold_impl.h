// What AlertFold is made of: pairs, sensors, deadlines. alert_fold.cpp moves time and readings,
// alert_pairs.cpp moves one pair and tells of it, alert_measures.cpp finds the figure that a pair compares.
#pragma once

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <queue>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alert/alert_fold.h"
#include "alert/sensor_history.h"
#include "alert/steadiness.h"
#include "alert/telling.h"

namespace sluice {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kLongAgo = std::numeric_limits<std::int64_t>::min();

inline constexpr std::uint32_t kCopies = kRetained | kDuplicate;
// Provenance that keeps a reading from raising a live alert, unless its rule accepts it.
inline constexpr std::uint32_t kDoubtful = kCopies | kQueued | kClockUnset | kLate;

inline bool is_absence(ConditionKind kind) {
  return kind == ConditionKind::kSilentFor || kind == ConditionKind::kMissingRatio;
}

struct Pair {
  std::uint32_t rule = 0;
  std::uint32_t sensor = 0;  // index, not id
  Steadiness state;
  std::int64_t due_ms = kNever;  // its entry in `due`
  std::uint32_t open = 0;        // doubts of the newest reading that no longer count
  bool changed = false;          // since take_changed()
  bool in_queue = false;         // has its one entry in a queue of absence
};

// The newest of the readings that move a pair.
struct Newest {
  std::int64_t time_ms = kLongAgo;
  double value = 0;
  std::uint32_t doubts = 0;
};

// A sensor's pairs lie side by side.
struct SensorState {
  SensorFacts facts;
  std::int64_t time_ms = kLongAgo;  // of its newest reading
  double value = 0;
  std::int64_t subscribed_ms = 0;  // when it was last heard
  std::uint32_t doubts = 0;        // of the newest reading
  std::int64_t lag_ms = 0;         // of the same: arrival - time
  std::uint32_t first_pair = 0;
  std::uint32_t pair_count = 0;
  std::uint32_t accepts = 0;  // of all its rules
  bool heard = false;
  std::unique_ptr<SensorHistory> history;  // only if a rule looks back
  std::int64_t arrivals_ms = 0;            // how long arrivals are remembered, for missing_ratio
  std::deque<std::int64_t> arrivals;       // stream time, the newest last
};

// For absence (silent_for, missing_ratio), whose deadlines move with every reading: a pair has at most one
// entry; when that comes up the true deadline is looked at, and queued again if it has moved. Deadlines only
// ever move later, so none is missed, and the queue is bounded by the pairs.
struct Absence {
  std::int64_t when_ms;
  std::uint32_t pair;
  bool operator>(const Absence& other) const {
    return when_ms != other.when_ms ? when_ms > other.when_ms : pair > other.pair;
  }
};
using AbsenceQueue = std::priority_queue<Absence, std::vector<Absence>, std::greater<>>;

struct AlertFold::Impl {
  AlertSettings settings;
  TopicMatch matches;
  std::optional<Calendar> calendar;
  Telling telling;
  std::vector<std::string> digests;  // of settings.rules
  std::vector<SensorState> sensors;
  std::vector<std::uint32_t> index;  // of sensors, by id
  std::vector<Pair> pairs;
  std::set<std::pair<std::int64_t, std::uint32_t>> due;                // stream time, pair
  AbsenceQueue silent_queue;                                           // subscribed time
  AbsenceQueue missing_queue;                                          // stream time
  std::unordered_map<std::uint32_t, std::vector<std::int64_t>> flaps;  // pair → when it fired and resolved
  std::unordered_map<std::uint32_t, std::vector<LevelStep>> further;   // pair → steps beyond `toward`
  std::unordered_map<std::uint32_t, Newest> copies;  // pair → accepted copy, newer than its sensor's newest
  std::unordered_map<std::uint32_t, std::vector<std::string>> formerly;  // pair → AlertEvent::formerly
  std::vector<AlertEvent> events;
  std::vector<std::uint32_t> changed;
  std::vector<RuleState> retired;       // since take_changed()
  std::vector<SilenceChange> silences;  // since take_silences()
  std::size_t firing_count = 0;
  std::uint64_t not_finite = 0;  // figures
  FoldTime now;
  mutable std::vector<Point> points;  // scratch

  Impl(AlertSettings given, TopicMatch match, std::optional<Calendar> zone)
      : settings(std::move(given)),
        matches(match),
        calendar(std::move(zone)),
        telling(settings, matches, calendar ? &*calendar : nullptr) {}

  const Rule& rule(const Pair& pair) const { return settings.rules[pair.rule]; }
  SensorState& sensor_of(SensorId id);

  Newest newest_of(const Pair& pair) const;

  // alert_measures.cpp: the figure that a rule which looks back compares at `at_ms`; none: no reading; not
  // finite: it meets no condition.
  std::optional<double> measure_at(const Pair& pair, std::int64_t at_ms) const;
  // The same, for the condition: counts what is not finite, and makes it NaN.
  std::optional<double> judge(const Pair& pair, std::int64_t at_ms);
  // The newest that was compared by `at_ms`.
  std::optional<double> measure_by(const Pair& pair, std::int64_t at_ms) const;
  double measure_now(const Pair& pair) const;
  void look_at_grid(std::uint32_t i, std::int64_t before_ms, std::uint32_t doubts);
  std::optional<CutWindow> cut_window(const Pair& pair) const;
  std::int64_t silent_deadline(const Pair& pair) const;   // subscribed time
  std::int64_t missing_deadline(const Pair& pair) const;  // stream time
  std::size_t arrivals_after(const Pair& pair, std::int64_t stream_ms) const;
  double missing_ratio(const Pair& pair) const;

  // alert_pairs.cpp
  // `before`: what was compared last.
  void observe(std::uint32_t i, std::int64_t at_ms, double value, std::uint32_t doubts, const Newest& before);
  bool call_for(std::uint32_t i, double value, std::int64_t at_ms);
  void complete_move(std::uint32_t i, std::int64_t at_ms, double value, std::uint32_t doubts);
  void run_due(std::uint32_t i, std::int64_t when_ms);
  void schedule(std::uint32_t i);
  void mark(std::uint32_t i);
  void tell_again(std::uint32_t i, std::int64_t at_ms, double value, std::uint32_t flags, std::uint8_t level);
  void tell_untold(std::int64_t at_ms, std::uint32_t open);
  std::uint32_t doubts_of_now() const;
  std::uint32_t doubts_of(const Pair& pair) const;
  bool flaps_at(std::uint32_t i, std::int64_t at_ms);
  AlertEvent event_of(std::uint32_t i, AlertState state, double value, std::int64_t at_ms,
                      std::uint32_t flags, std::uint8_t level) const;
  AlertEvent standing_event(std::uint32_t i, std::uint8_t level) const;
  std::optional<KeptBack> kept_back(std::uint32_t i) const;
  RuleState state_of(std::uint32_t i) const;
  // `told`: how its alert stands; null: not known, or it does not.
  void resume(std::uint32_t i, const RuleState& state, const AlertEvent* told);
  void retire(RuleState state, const SensorFacts& facts, const FoldTime& time, const AlertEvent* told);

  // alert_fold.cpp
  void take_time(const FoldTime& time);
  void hear(std::uint32_t i, const Reading& reading, std::uint32_t doubts, Newest before);
  void react(std::uint32_t i, const Reading& reading, std::uint32_t doubts, bool newest,
             const Newest& before);
  void await(std::uint32_t i);
  void run_silent();
  void run_missing();
  void run_wall(std::int64_t wall_ms);
};

}  // namespace sluice
