// The condition of one `alerts` entry: exactly one of above, below, …, levels, with the window that it is of.
#pragma once

#include "config/map_reader.h"
#include "decode/decode_settings.h"

namespace sluice {

struct Rule;
struct Settings;

// `decode`: for the names of states in equals and not_equals.
void load_condition(MapReader& reader, const DecodeSettings& decode, Rule& rule);
bool load_severity(MapReader& reader, std::string& severity);  // true: one was given

// Of the newest rule of `settings`: can what is remembered of its sensors ever meet it?
void check_measured(MapReader& reader, const Settings& settings);

}  // namespace sluice
