// Which reading is the newest of its sensor, for all who keep one: without a time of its own the one that
// came last; else the one with the latest time. A time that lies further ahead of a later arrival than a
// clock may is a wrong clock's, and no reading's that is still to come: it counts no longer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

#include "model/reading.h"

namespace sluice {

inline constexpr std::int64_t kAheadMaxMs = 5 * 60 * 1000;  // of the time of arrival

// `newest_ms`: of the newest before it.
inline bool is_newest(const Reading& reading, std::int64_t newest_ms) {
  if (reading.time_ms >= newest_ms || (reading.flags & kPayloadTime) == 0) return true;
  return (reading.flags & kClockUnset) == 0 && newest_ms > reading.arrival_ms + kAheadMaxMs;
}

// No reading that came before this one can be later.
inline std::int64_t latest_before_ms(const Reading& reading) {
  if ((reading.flags & kPayloadTime) == 0) return reading.time_ms;
  if (reading.flags & kClockUnset) return std::numeric_limits<std::int64_t>::max();
  return std::max(reading.time_ms, reading.arrival_ms + kAheadMaxMs);
}

}  // namespace sluice
