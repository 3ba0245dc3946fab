// Reading: one value of one sensor at one time, and what is known about where it came from.
#pragma once

#include <cstdint>

namespace sluice {

using SensorId = std::uint32_t;  // the row id of table sensor; 0 is no sensor

// Bits of Reading::flags; stored in the database, so values never change meaning.
enum ReadingFlag : std::uint32_t {
  kPayloadTime = 1u << 0,     // the time was in the payload; otherwise it is the arrival time
  kDuplicate = 1u << 1,       // equal (sensor, payload time, value) was there before: kept, not counted
  kRetained = 1u << 2,        // the broker's retained message, not a live one
  kQueued = 1u << 3,          // waited in the session's backlog; without a payload time its time is too late
  kClockUnset = 1u << 4,      // arrived while the clock was not trusted
  kTimeEstimated = 1u << 5,   // without a payload time, clock unset: last known time + elapsed
  kTooLate = 1u << 6,         // its day could no longer be reopened
  kFoundDuplicate = 1u << 7,  // with kDuplicate: found when its day was summed, not on arrival
  kImported = 1u << 8,        // from a file, not from the broker
  kLateInput = 1u << 9,       // derived, from a reading that came later than alerting.max_age
};

struct Reading {
  SensorId sensor = 0;
  std::uint32_t flags = 0;      // ReadingFlag bits
  std::int64_t time_ms = 0;     // Unix time of the measurement
  std::int64_t arrival_ms = 0;  // Unix time of the journal append
  double value = 0;             // after calibration; finite
};

}  // namespace sluice
