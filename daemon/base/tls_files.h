// The files that TLS needs, looked at before or after it fails: libraries say little about which of them is
// wrong and why. Reads the files; keeps nothing. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice {

// Each is a path, or empty. Checks that each can be read, is what its name says (PEM), and that the key is
// the certificate's. kInvalid or kNotFound: a sentence with the file.
Status check_tls_files(const std::string& ca, const std::string& cert, const std::string& key);

}  // namespace sluice
