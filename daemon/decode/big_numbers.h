// JSON numbers that the parser refuses although the grammar allows them: integers past 64 bits and numbers
// past a double. One of them must not cost the other readings of its message. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Writes `json` to `out` with such integers spelt as doubles, and numbers past a double as the largest double
// of their sign (which the decoder takes for out of range). False if there was nothing to change.
bool respell_big_numbers(std::string_view json, std::string& out);

}  // namespace sluice
