#include "decode/json_pointer.h"

#include <charconv>
#include <utility>

#include "decode/utf8.h"

namespace sluice {

namespace {

// RFC 6901 section 4: digits without a leading zero. "-", the element past the end, is never there to read.
std::optional<std::size_t> array_index(std::string_view key) {
  if (key.empty() || (key.size() > 1 && key.front() == '0')) return std::nullopt;
  std::size_t index = 0;
  auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size()) return std::nullopt;
  return index;
}

JsonToken token_of(std::string key) {
  JsonToken token;
  token.key = std::move(key);
  token.index = array_index(token.key);
  return token;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string key;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '~') {
      key += text[i];
      continue;
    }
    ++i;
    if (i == text.size() || (text[i] != '0' && text[i] != '1')) return std::nullopt;
    key += text[i] == '0' ? '~' : '/';
  }
  return key;
}

}  // namespace

Result<JsonPointer> JsonPointer::parse(std::string_view text) {
  JsonPointer pointer;
  std::string quoted = "\"" + std::string(text) + "\"";
  if (!is_utf8(text)) return make_error(ErrorCode::kInvalid, "a JSON pointer is written in UTF-8");
  if (!text.empty() && text.front() != '/') {
    return make_error(ErrorCode::kInvalid, quoted + " is not a JSON pointer: write \"/" + std::string(text) +
                                               "\", or \"\" for the whole document");
  }
  while (!text.empty()) {
    text.remove_prefix(1);
    std::size_t slash = text.find('/');
    auto key = unescape(text.substr(0, slash));
    if (!key) {
      return make_error(ErrorCode::kInvalid,
                        quoted + " is not a JSON pointer: in a key, write '~0' for '~' and '~1' for '/'");
    }
    pointer.tokens_.push_back(token_of(std::move(*key)));
    text = slash == std::string_view::npos ? std::string_view() : text.substr(slash);
  }
  return pointer;
}

Result<JsonPointer> JsonPointer::parse_member(std::string_view text) {
  if (text.starts_with('/')) return parse(text);
  if (text.empty()) return make_error(ErrorCode::kInvalid, "the name of a member is not empty");
  if (!is_utf8(text)) return make_error(ErrorCode::kInvalid, "the name of a member is written in UTF-8");
  JsonPointer pointer;
  pointer.tokens_.push_back(token_of(std::string(text)));
  return pointer;
}

}  // namespace sluice
