// The list of sensors, page by page from the daemon, or at once from the database.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "ctl/gateway_access.h"

namespace sluice {

// A JSON array of the "sensors" of all pages.
Result<std::string> list_of_sensors(GatewayAccess& gateway, Clock& clock);

}  // namespace sluice
