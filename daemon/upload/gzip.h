// A gzip file (RFC 1952) in memory. The same text gives the same bytes: no time, no name and no system are in
// it. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

std::string gzip(std::string_view text);

}  // namespace sluice
