// Why TLS was not agreed on, as a sentence that names the mistake: the texts of OpenSSL and libcurl, sorted
// by what a person has to do. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// "" when `text` is none that is known.
std::string tls_reason(std::string_view text);

}  // namespace sluice
