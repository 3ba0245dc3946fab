// The running gateway: constructs everything (wiring.h), starts every thread, handles signals, and stops in
// the reverse order: intake first, so that what was acknowledged is folded and stored before the store
// closes.
#pragma once

#include "config/settings.h"

namespace sluice {

// Until SIGINT or SIGTERM. Returns the exit code: 0 stopped as asked, 1 failed (said why).
int run_gateway(const Settings& settings);

}  // namespace sluice
