// JsonPointer: an RFC 6901 pointer, taken apart once. Says nothing about any JSON library; the payload format
// walks the tokens. Immutable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

struct JsonToken {
  std::string key;                   // unescaped
  std::optional<std::size_t> index;  // if the key can be an array index
};

class JsonPointer {
 public:
  // "" is the whole document.
  static Result<JsonPointer> parse(std::string_view text);
  // How `fields` and names write it: a pointer if it begins with '/', else the name of one member.
  static Result<JsonPointer> parse_member(std::string_view text);

  const std::vector<JsonToken>& tokens() const { return tokens_; }

 private:
  std::vector<JsonToken> tokens_;
};

}  // namespace sluice
