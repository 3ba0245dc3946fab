// excerpt: what another program wrote, as far as it is worth repeating in a sentence of ours: on one line,
// without control characters, and cut between characters. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr std::size_t kExcerptBytesMax = 200;

std::string excerpt(std::string_view text);  // ends in "…" where there was more

}  // namespace sluice
