// A line to standard error from a program that must not wait for whoever reads it: a full pipe, a stopped
// journald and a terminal on ^S cost the line, never the gateway's time. One thread at a time.
#pragma once

#include <string_view>

namespace sluice {

// `line` ends with a newline; beyond 4 KiB (PIPE_BUF) it is cut. False: nobody takes it now.
bool write_standard_error(std::string_view line);

}  // namespace sluice
