// What the configuration says to the summariser: for the daemon, and for sluicectl, which sums a day without
// it.
#pragma once

#include "config/settings.h"
#include "summary/summariser.h"

namespace sluice {

SummarySettings summary_settings(const Settings& settings);
NotesOf sensor_notes(const Settings& settings);

}  // namespace sluice
