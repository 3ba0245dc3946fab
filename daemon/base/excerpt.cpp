#include "base/excerpt.h"

namespace sluice {

namespace {

bool is_blank(char c) {
  return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string excerpt(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::size_t end = text.size();
  if (end > kExcerptBytesMax) {
    end = kExcerptBytesMax;
    while (end > 0 && continues_character(text[end])) --end;
  }
  std::string line;
  for (char c : text.substr(0, end)) line += is_blank(c) ? ' ' : c;
  return end < text.size() ? line + "…" : line;
}

}  // namespace sluice
