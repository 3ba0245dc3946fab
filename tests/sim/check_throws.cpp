#include "sim/check_throws.h"

#include "base/check.h"

namespace sluice {

void check_failed(const char* file, int line, const char* condition, const char* message) {
  throw sim::ProcessAborted{std::string(message) + " (" + condition + ") at " + file + ":" +
                            std::to_string(line)};
}

}  // namespace sluice
