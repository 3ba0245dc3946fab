#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice {

void check_failed(const char* file, int line, const char* condition, const char* message) {
  std::fprintf(stderr, "<2>sluice: check failed: %s (%s) at %s:%d\n", message, condition, file, line);
  std::abort();
}

}  // namespace sluice
