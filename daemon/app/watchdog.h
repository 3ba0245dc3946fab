// Watchdog: does the gateway make progress, or is it merely there? Main asks at each turn, and pets the
// service manager's watchdog only if so. Waiting in the kernel for a slow disk counts as progress for ten
// minutes.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace sluice {

class Watchdog {
 public:
  explicit Watchdog(Instant started) : engine_moved_ms_(started.boot_ms), store_moved_ms_(started.boot_ms) {}

  // The counters grow while the thread lives. True: both do, or have not stood still for long enough to
  // matter.
  bool makes_progress(std::uint64_t engine, std::uint64_t store, Instant now);
  std::string stuck() const { return stuck_; }  // what does not move; empty: all does

 private:
  std::uint64_t engine_ = 0;
  std::uint64_t store_ = 0;
  std::int64_t engine_moved_ms_;
  std::int64_t store_moved_ms_;
  std::string stuck_;
};

}  // namespace sluice
