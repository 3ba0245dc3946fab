// CertificateWatch: until when the certificates of the configuration are good: the broker's, the sinks' and
// the channels'. Looks at the files once an hour, since they are renewed while the daemon runs. Api thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/status.h"
#include "base/tls_files.h"
#include "config/settings.h"

namespace sluice {

struct NamedCertificate {
  std::string of;  // such as "mqtt tls.cert"
  std::string path;
  CertificateFile kind = CertificateFile::kChain;
};

std::vector<NamedCertificate> certificate_files(const Settings& settings);

class CertificateWatch {
 public:
  explicit CertificateWatch(std::vector<NamedCertificate> files) : files_(std::move(files)) {}
  const std::vector<StatusSnapshot::Certificate>& newest(std::int64_t boot_ms);

 private:
  const std::vector<NamedCertificate> files_;
  std::int64_t look_at_boot_ms_ = 0;
  std::vector<StatusSnapshot::Certificate> found_;
};

}  // namespace sluice
