// Pieces of JSON for what is written by hand: payloads of drivers, columns of the database. Numbers travel as
// the text they came as, so that no digit is gained or lost on the way. Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

bool is_json_number(std::string_view text);                        // RFC 8259 section 6, nothing around it
void append_json_string(std::string& out, std::string_view text);  // with quotes, escaped
// A number as it is; what no double holds, and all else, as a string.
void append_json_value(std::string& out, std::string_view text);

}  // namespace sluice
