// The files that TLS needs, looked at before or after it fails: libraries say little about which of them is
// wrong and why. Reads the files; keeps nothing. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice {

// Each is a path, or empty. Checks that each can be read, is what its name says (PEM), and that the key is
// the certificate's. kInvalid or kNotFound: a sentence with the file.
Status check_tls_files(const std::string& ca, const std::string& cert, const std::string& key);

// Unix milliseconds from which on a file of PEM certificates is of no use. Of a chain its first certificate
// counts, the server's or client's own; of authorities the one that lasts longest, since a bundle may keep an
// old one beside its successor.
enum class CertificateFile { kChain, kAuthorities };
Result<std::int64_t> certificates_end_ms(const std::string& path, CertificateFile kind);

}  // namespace sluice
