// Pieces of JSON for the payloads that drivers write. Numbers travel as the text they came as, so that no
// digit is gained or lost on the way.
#pragma once

#include <string>
#include <string_view>

namespace sluice::drivers {

bool is_json_number(std::string_view text);                        // RFC 8259 section 6, nothing around it
void append_json_string(std::string& out, std::string_view text);  // with quotes, escaped
void append_json_value(std::string& out, std::string_view text);   // a number as it is, all else as a string

}  // namespace sluice::drivers
