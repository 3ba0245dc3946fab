// describe: the configuration in effect, every default filled in, as YAML that parse_settings() reads back to
// the same Settings. It shows paths of secrets but never a secret: a user name, a password and the query of
// an address are masked, and so is a header's value without {token}.
#pragma once

#include <string>

#include "config/settings.h"

namespace sluice {

std::string describe(const Settings& settings);

}  // namespace sluice
