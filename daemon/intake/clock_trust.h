// ClockTrust: decides when the wall clock may be believed (a Pi has no clock of its own until NTP answers).
// One thread (main). Once trusted, trusted for the life of the process.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace sluice {

struct ClockSettings {
  enum class Trust { kAuto, kAlways, kNtp };
  Trust trust = Trust::kAuto;  // auto: synchronised, or `wait` passed and later than build and newest row
  std::chrono::milliseconds wait{15 * 60 * 1000};
};

class ClockTrust {
 public:
  ClockTrust(ClockSettings settings, std::int64_t build_ms, std::int64_t newest_row_ms, Instant started);
  // True from the first call on at which the clock deserves it.
  bool trusted(Instant now, bool synchronised);

 private:
  ClockSettings settings_;
  std::int64_t not_before_ms_;
  Instant started_;
  bool trusted_ = false;
};

}  // namespace sluice
