// In the simulated world a failed check ends the simulated process, not the test. Takes the place of
// base/check.cpp when the world is linked.
#pragma once

#include <string>

namespace sluice::sim {

struct ProcessAborted {
  std::string why;
};

}  // namespace sluice::sim
