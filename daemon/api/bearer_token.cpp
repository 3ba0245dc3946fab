#include "api/bearer_token.h"

#include <strings.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>

namespace sluice {

namespace {

constexpr std::size_t kTokenCharsMin = 8;
constexpr std::string_view kScheme = "Bearer ";

}  // namespace

Result<std::string> read_token_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  if (!file) {
    return make_error(ErrorCode::kIo, "api.token_file: " + path + " cannot be read: " + std::strerror(errno));
  }
  std::getline(file, line);
  const std::size_t first = line.find_first_not_of(" \t\r");
  const std::size_t last = line.find_last_not_of(" \t\r");
  line = first == std::string::npos ? "" : line.substr(first, last - first + 1);
  if (line.size() < kTokenCharsMin) {
    return make_error(ErrorCode::kInvalid, "api.token_file: the first line of " + path +
                                               " has fewer than 8 characters; put a long random token there");
  }
  return line;
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
