// Secrets are never in the configuration; it names where they are: the absolute path of a file, the name of a
// systemd credential (a file in $CREDENTIALS_DIRECTORY), or env:NAME for a variable of the environment. Read
// at each use, so that a new one counts without a restart; api.token_file at each start and reload. Errors
// name the place and never the secret. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice {

// The first line of the secret at `source`; `key` is the key of the configuration, for the error.
Result<std::string> read_secret(const std::string& key, const std::string& source);

// A regular file that users outside its owner and group may read or write: refused.
bool open_to_everybody(const std::string& path);

}  // namespace sluice
