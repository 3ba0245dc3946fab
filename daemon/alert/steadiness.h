// Steadiness: when an alert moves. Its level is 0 while it does not fire, 1 or a step of its ladder while it
// does. A level is reached after a delay (`for` on the way up, keep_firing_for on the way down) during which
// the condition called for it, or for one beyond it, throughout: each level has a delay of its own. No I/O,
// no clock: times are the caller's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "alert/rule.h"
#include "model/batch.h"

namespace sluice {

struct Steadiness {
  std::int64_t since_ms = 0;       // firing: when the alert began
  std::int64_t move_since_ms = 0;  // moving: when the condition began to call for it, in the sensor's time
  std::int64_t move_due_ms = 0;    // moving: stream time at which it is complete
  std::int64_t told_ms = 0;        // stream time of the newest telling, for `repeat`
  std::uint8_t level = 0;
  std::uint8_t toward = 0;      // the level that it moves to next; equal: it stays
  std::uint8_t told_level = 0;  // as told of; 0: nobody knows
  bool flapping = false;
  bool since_estimated = false;  // the clock was not trusted when it began

  bool moving() const { return toward != level; }
  bool idle() const { return level == 0 && toward == 0; }

  std::int64_t delay_ms(const Rule& rule) const {
    if (toward > level) return rule.kind == ConditionKind::kSilentFor ? 0 : rule.hold.count();
    return std::max(rule.keep_firing_for.count(), flapping ? rule.flap_within.count() : 0);
  }
  // When the move is complete in the sensor's own time.
  std::int64_t complete_at_ms(const Rule& rule) const { return move_since_ms + delay_ms(rule); }

  // The condition calls for `target` at `at_ms`. True: something changed that has to be stored. `further`:
  // the steps beyond `toward`, which a rule without levels does not have (null).
  bool call_for(const Rule& rule, int target, std::int64_t at_ms, std::int64_t stream_ms,
                std::vector<LevelStep>* further) {
    const auto wanted = static_cast<std::uint8_t>(target);
    const bool up = wanted > level;
    if (!moving() || wanted == level || up != (toward > level)) {
      if (wanted == toward) return false;
      if (further != nullptr) further->clear();
      toward = wanted;
      if (moving()) {
        move_since_ms = at_ms;
        move_due_ms = stream_ms + delay_ms(rule);
      }
      return true;
    }
    auto is_beyond = [&](std::uint8_t a, std::uint8_t b) { return up ? a > b : a < b; };
    const std::uint8_t last = further == nullptr || further->empty() ? toward : further->back().level;
    if (wanted == last || further == nullptr) return false;
    if (is_beyond(wanted, last)) {
      const LevelStep step{wanted, at_ms, stream_ms + delay_ms(rule)};
      const bool first = further->empty();
      const std::int64_t since_ms = first ? move_since_ms : further->back().since_ms;
      const std::int64_t due_ms = first ? move_due_ms : further->back().due_ms;
      if (since_ms != step.since_ms || due_ms != step.due_ms) {
        further->push_back(step);
      } else {
        (first ? toward : further->back().level) = wanted;
      }
      return true;
    }
    // What lies beyond is called for no more; the step that passes it ends there.
    while (!further->empty()) {
      const std::uint8_t before = further->size() > 1 ? (further->end() - 2)->level : toward;
      if (is_beyond(wanted, before)) break;
      further->pop_back();
    }
    (further->empty() ? toward : further->back().level) = wanted;
    return true;
  }
  // After `toward` was reached.
  void take_next(std::vector<LevelStep>& further) {
    if (further.empty()) return;
    toward = further.front().level;
    move_since_ms = further.front().since_ms;
    move_due_ms = further.front().due_ms;
    further.erase(further.begin());
  }
};

}  // namespace sluice
