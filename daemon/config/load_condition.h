// The condition of one `alerts` entry: exactly one of above, below, …, levels, with the window that it is of.
#pragma once

#include "config/map_reader.h"
#include "decode/decode_settings.h"

namespace sluice {

struct Rule;

// `decode`: for the names of states in equals and not_equals.
void load_condition(MapReader& reader, const DecodeSettings& decode, Rule& rule);
void load_severity(MapReader& reader, std::string& severity);

}  // namespace sluice
