#include "decode/utf8.h"

#include <simdjson.h>

#include <algorithm>

namespace sluice {

bool is_utf8(std::string_view text) {
  // Most names are short ASCII, for which the call through simdjson's dispatch costs more than the answer.
  bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
  return ascii || simdjson::validate_utf8(text.data(), text.size());
}

}  // namespace sluice
