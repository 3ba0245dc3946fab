#include "base/check.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "base/standard_error.h"

namespace sluice {

void check_failed(const char* file, int line, const char* condition, const char* message) {
  char text[1024];
  const int size = std::snprintf(text, sizeof text, "<2>sluice: check failed: %s (%s) at %s:%d\n", message,
                                 condition, file, line);
  if (size > 0) (void)write_standard_error({text, std::min(sizeof text - 1, static_cast<std::size_t>(size))});
  std::abort();
}

}  // namespace sluice
