// The program: one loop on one thread that polls the drivers and the output, waits for time, for the output
// or for a signal, and ends when every driver is done and everything is acknowledged, or on SIGINT and
// SIGTERM.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "drivers/drivers_config.h"

namespace sluice::drivers {

// SIGINT and SIGTERM are held back from now on, in this thread and those that it starts later.
void block_signals();

// Returns the exit code: 0, or 1 when a driver was given up or a sample was dropped.
int run_program(DriversConfig config, Log& log, Runner::OnFailure on_failure);

}  // namespace sluice::drivers
