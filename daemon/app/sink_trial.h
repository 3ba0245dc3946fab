// Whether the folders under upload.to can be written, found out before the first delivery needs them. Any
// thread that may block on a disk.
#pragma once

#include <vector>

#include "config/settings.h"

namespace sluice {

// By a tool: nothing stays, and what only this user may not do says nothing of the daemon.
enum class SinkTrial { kByTheDaemon, kByATool };

// A problem a folder, without a place in a file; the message says what to do.
std::vector<Problem> try_file_sinks(const Settings& settings, SinkTrial trial);

}  // namespace sluice
