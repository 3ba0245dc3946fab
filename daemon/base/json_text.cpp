#include "base/json_text.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace sluice {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Moves past at least one digit.
bool skip_digits(std::string_view text, std::size_t& at) {
  std::size_t begin = at;
  while (at < text.size() && is_digit(text[at])) ++at;
  return at > begin;
}

}  // namespace

bool is_json_number(std::string_view text) {
  std::size_t at = 0;
  if (at < text.size() && text[at] == '-') ++at;
  bool leading_zero = at < text.size() && text[at] == '0';
  std::size_t integer_begin = at;
  if (!skip_digits(text, at)) return false;
  if (leading_zero && at - integer_begin > 1) return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!skip_digits(text, at)) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!skip_digits(text, at)) return false;
  }
  return at == text.size();
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_json_value(std::string& out, std::string_view text) {
  // Who reads the document could make nothing of a number that no double holds, nor of what else is in it.
  if (is_json_number(text) && std::isfinite(std::strtod(std::string(text).c_str(), nullptr))) {
    out += text;
  } else {
    append_json_string(out, text);
  }
}

}  // namespace sluice
