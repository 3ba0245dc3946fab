#include "model/alert_event.h"

#include "base/sha256.h"

namespace sluice {

std::string alert_id(const std::string& gateway, const std::string& alert, const std::string& sensor,
                     std::int64_t since_ms) {
  Sha256 hash;
  const std::string nul(1, '\0');
  hash.update(gateway + nul + alert + nul + sensor + nul + std::to_string(since_ms));
  return hash.finish_hex().substr(0, 16);
}

}  // namespace sluice
