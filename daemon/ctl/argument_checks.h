// What is wrong with one word of a command line, for its parser: a text, or "" when nothing is. Pure
// functions.
#pragma once

#include <string>

namespace sluice {

std::string filter_fault(const std::string& text);  // over topics or over names of sensors
std::string broker_fault(const std::string& text);  // never repeats a password
std::string duration_fault(const std::string& text);
std::string count_fault(const std::string& text);  // of a number from 1
std::string limit_fault(const std::string& text);  // of one from 1 to 1000
std::string shell_fault(const std::string& text);  // sensors and rules are for the scripts, which list them

}  // namespace sluice
