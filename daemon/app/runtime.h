// The running gateway: constructs everything (wiring.h), starts every thread, handles signals, and stops in
// the reverse order: intake first, so that what was acknowledged is folded and stored before the store
// closes.
#pragma once

#include <string>

#include "config/settings.h"

namespace sluice {

// Until SIGINT or SIGTERM. On SIGHUP, or when the API is asked to, `config` is read again: a good one takes
// effect within this process, by a stop and a start that lose nothing; a wrong one changes nothing.
// Returns the exit code: 0 stopped as asked, 1 failed (said why).
int run_gateway(const std::string& config, const Settings& settings);

}  // namespace sluice
