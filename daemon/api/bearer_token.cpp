#include "api/bearer_token.h"

#include <strings.h>

#include <cstddef>

#include "api/token_settings.h"
#include "base/secret.h"

namespace sluice {

namespace {

constexpr std::string_view kScheme = "Bearer ";

}  // namespace

Result<std::string> read_token_file(const std::string& source) {
  auto read = read_secret("api.token_file", source);
  if (!read) return read.error();
  const std::size_t first = read->find_first_not_of(" \t");
  const std::size_t last = read->find_last_not_of(" \t");
  std::string token = first == std::string::npos ? "" : read->substr(first, last - first + 1);
  if (token.size() < kTokenCharsMin) {
    return make_error(ErrorCode::kInvalid, "api.token_file: the first line of " + source +
                                               " has fewer than 8 characters; put a long random token there");
  }
  return token;
}

bool token_accepted(std::string_view authorization, std::string_view token) {
  if (token.empty() || authorization.size() < kScheme.size() ||
      ::strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return false;
  }
  authorization.remove_prefix(kScheme.size());
  unsigned difference = authorization.size() == token.size() ? 0 : 1;
  for (std::size_t i = 0; i < authorization.size(); ++i) {
    const auto given = static_cast<unsigned char>(authorization[i]);
    const auto expected = static_cast<unsigned char>(token[i % token.size()]);
    difference |= static_cast<unsigned>(given ^ expected);
  }
  return difference == 0;
}

}  // namespace sluice
