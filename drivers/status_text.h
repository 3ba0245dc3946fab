// The document that tells the world how the drivers are, retained under sluice/drivers/<client id>/status:
// {"state":"online","drivers":[{"name":"w1","state":"failing","since":"…","error":"…"}]}. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "drivers/runner.h"

namespace sluice::drivers {

std::string status_text(const std::vector<DriverStatus>& drivers);

}  // namespace sluice::drivers
