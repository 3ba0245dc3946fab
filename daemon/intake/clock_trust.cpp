#include "intake/clock_trust.h"

#include <algorithm>

namespace sluice {

ClockTrust::ClockTrust(ClockSettings settings, std::int64_t build_ms, std::int64_t newest_row_ms,
                       Instant started)
    : settings_(settings), not_before_ms_(std::max(build_ms, newest_row_ms)), started_(started) {}

bool ClockTrust::trusted(Instant now, bool synchronised) {
  if (trusted_) return true;
  switch (settings_.trust) {
    case ClockSettings::Trust::kAlways:
      trusted_ = true;
      break;
    case ClockSettings::Trust::kNtp:
      trusted_ = synchronised;
      break;
    case ClockSettings::Trust::kAuto:
      trusted_ = synchronised ||
                 (now.boot_ms - started_.boot_ms >= settings_.wait.count() && now.wall_ms > not_before_ms_);
      break;
  }
  return trusted_;
}

}  // namespace sluice
