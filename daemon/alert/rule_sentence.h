// What a rule does, in words, for `sluicectl check --explain` and `why`. Pure functions of the rule.
#pragma once

#include <string>

#include "alert/rule.h"

namespace sluice {

std::string number_word(double value);
std::string limits_text(const Rule& rule);     // "above 28", "mean over 5m above 28"
std::string condition_text(const Rule& rule);  // "above 28 for 30s, clears at 27"
std::string holds_text(const Rule& rule);      // a clause: "its value is above 28"
// One sentence of all that it does: when it fires and ends, how often and to whom it is told.
std::string explain(const Rule& rule);

}  // namespace sluice
