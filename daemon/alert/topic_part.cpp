#include "alert/topic_part.h"

namespace sluice {

std::string topic_part(const std::string& name) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string part;
  for (char c : name) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '+' || c == '#' || byte < 0x20 || byte == 0x7f) {
      part += '%';
      part += kDigits[byte >> 4];
      part += kDigits[byte & 15];
    } else {
      part += c;
    }
  }
  return part;
}

}  // namespace sluice
