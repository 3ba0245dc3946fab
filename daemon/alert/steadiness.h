// Steadiness: when an alert moves. Its level is 0 while it does not fire, 1 or a step of its ladder while it
// does. A level that the condition calls for is reached after a delay (`for` on the way up, keep_firing_for
// on the way down) during which it called for nothing less. No I/O, no clock: times are the caller's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "alert/rule.h"

namespace sluice {

struct Steadiness {
  std::int64_t since_ms = 0;       // firing: when the alert began
  std::int64_t move_since_ms = 0;  // moving: when the condition began to call for it, in the sensor's time
  std::int64_t move_due_ms = 0;    // moving: stream time at which it is complete
  std::int64_t told_ms = 0;        // stream time of the newest telling, for `repeat`
  std::uint8_t level = 0;
  std::uint8_t toward = 0;      // the level that it moves to; equal: it stays
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

  // The condition calls for `target` at `at_ms`. True: something changed that has to be stored.
  bool call_for(const Rule& rule, int target, std::int64_t at_ms, std::int64_t stream_ms) {
    const auto wanted = static_cast<std::uint8_t>(target);
    if (wanted == toward) return false;
    const bool same_way = moving() && wanted != level && (wanted > level) == (toward > level);
    if (same_way) {
      // The step nearer to where it is now is all that was called for throughout.
      const std::uint8_t nearer = wanted > level ? std::min(wanted, toward) : std::max(wanted, toward);
      return std::exchange(toward, nearer) != nearer;
    }
    toward = wanted;
    if (moving()) {
      move_since_ms = at_ms;
      move_due_ms = stream_ms + delay_ms(rule);
    }
    return true;
  }
};

}  // namespace sluice
