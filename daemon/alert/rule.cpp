#include "alert/rule.h"

#include <cstdio>

#include "base/sha256.h"

namespace sluice {

std::string Rule::digest() const {
  char text[256];
  std::snprintf(text, sizeof text, "%d %.17g %.17g %d %.17g %lld %lld", static_cast<int>(kind), low, high,
                clear.has_value() ? 1 : 0, clear.value_or(0), static_cast<long long>(silent_for.count()),
                static_cast<long long>(hold.count()));
  return sha256_hex(name + '\0' + sensor + '\0' + text).substr(0, 16);
}

}  // namespace sluice
