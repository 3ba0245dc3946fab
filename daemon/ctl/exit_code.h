// What sluicectl's exit status means. Scripts depend on it.
#pragma once

#include "base/result.h"

namespace sluice {

enum ExitCode : int {
  kExitFine = 0,
  kExitFindings = 1,       // something is wrong, missing or was refused
  kExitUsage = 2,          // the command line
  kExitCannotCheck = 3,    // audit: rows that it would need have expired
  kExitConfiguration = 4,  // the configuration
  kExitUnreachable = 5,    // the daemon, and for commands that only read the database as well
};

inline int exit_code_of(const Error& error) {
  return error.code == ErrorCode::kUnavailable ? kExitUnreachable : kExitFindings;
}

}  // namespace sluice
