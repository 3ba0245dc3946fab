#include "decode/big_numbers.h"

#include <algorithm>

#include "decode/decimal_text.h"

namespace sluice {

namespace {

constexpr std::size_t kDigitsOfInt64 = 18;  // any integer of so many digits fits

std::size_t skip_digits(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of("0123456789", at), text.size());
}

// The grammar of RFC 8259 section 6; an integer has neither fraction nor exponent.
bool is_json_number(std::string_view text, bool& integer) {
  std::size_t at = text.starts_with('-') ? 1 : 0;
  std::size_t end = skip_digits(text, at);
  if (end == at || (text[at] == '0' && end > at + 1)) return false;
  integer = end == text.size();
  if (end < text.size() && text[end] == '.') {
    at = end + 1;
    end = skip_digits(text, at);
    if (end == at) return false;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    at = end + 1;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    end = skip_digits(text, at);
    if (end == at) return false;
  }
  return end == text.size();
}

// The end of the string that begins at `at`.
std::size_t skip_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

}  // namespace

bool respell_big_numbers(std::string_view json, std::string& out) {
  out.clear();
  bool changed = false;
  for (std::size_t at = 0; at < json.size();) {
    const char c = json[at];
    std::size_t end = at + 1;
    if (c == '"') {
      end = skip_string(json, at);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      end = std::min(json.find_first_not_of("0123456789+-.eE", at), json.size());
      std::string_view number = json.substr(at, end - at);
      double value = 0;
      bool integer = false;
      if (is_json_number(number, integer)) {
        if (parse_decimal(number, value) == DecimalKind::kOutOfRange) {
          out += c == '-' ? "-1.7976931348623157e308" : "1.7976931348623157e308";
          changed = true;
          at = end;
          continue;
        }
        if (integer && number.size() > kDigitsOfInt64) {
          out += number;
          out += "e0";
          changed = true;
          at = end;
          continue;
        }
      }
    }
    out += json.substr(at, end - at);
    at = end;
  }
  return changed;
}

}  // namespace sluice
