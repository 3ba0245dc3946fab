// How long the token of api.token_file has to be, for who checks the configuration and for who reads the
// token.
#pragma once

#include <cstddef>

namespace sluice {

inline constexpr std::size_t kTokenCharsMin = 8;  // without blanks around it

}  // namespace sluice
