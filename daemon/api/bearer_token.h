// The token that protects a TCP listener.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice {

// The secret at `source` (base/secret.h), without blanks around it. An empty or short token is an error.
Result<std::string> read_token_file(const std::string& source);
// `authorization`: the header's value. Takes equally long whatever of the token is wrong.
bool token_accepted(std::string_view authorization, std::string_view token);

}  // namespace sluice
