// describe: the configuration in effect, every default filled in, as YAML that parse_settings() reads back to
// the same Settings. It shows paths of secrets but never a secret: a user name and password within a URL are
// masked, and values of headers too.
#pragma once

#include <string>

#include "config/settings.h"

namespace sluice {

std::string describe(const Settings& settings);

}  // namespace sluice
