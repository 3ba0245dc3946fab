// What the configuration says of the store, and the lock that makes sure of one writer: the daemon's, or
// sluicectl's while it is stopped.
#pragma once

#include <string>

#include "base/result.h"
#include "config/settings.h"
#include "store/store.h"

namespace sluice {

StoreSettings store_settings(const Settings& settings);
// A descriptor that holds the lock until it is closed. kRefused: another process holds it.
Result<int> lock_state(const std::string& state_dir);

}  // namespace sluice
