// Well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing past U+10FFFF). Any thread.
#pragma once

#include <string_view>

namespace sluice {

bool is_utf8(std::string_view text);

}  // namespace sluice
