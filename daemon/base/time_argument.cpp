#include "base/time_argument.h"

#include <string>

#include "base/time_text.h"

namespace sluice {

namespace {

constexpr std::size_t kDateChars = 10;

}  // namespace

std::optional<std::int64_t> parse_time_argument(std::string_view text) {
  if (text.size() == kDateChars) return parse_rfc3339(std::string(text) + "T00:00:00Z");
  return parse_rfc3339(text, true);
}

}  // namespace sluice
