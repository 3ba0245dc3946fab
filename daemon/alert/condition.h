// Condition: a measured number against a rule's limits. Stateless; the caller keeps the level.
//
// above is >, below is <, inside is closed, outside open; what is not finite meets none of them. A level that
// has been reached is left when its `clear` is met (above: <=, below: >=), or without one when it no longer
// holds.
#pragma once

#include "alert/rule.h"

namespace sluice {

bool holds(const Comparison& comparison, double value);
// The level that `value` calls for, coming from `current`; 0: none. Rules without a ladder have level 1.
int level_of(const Rule& rule, double value, int current);
double threshold_of(const Rule& rule, double value, int level);  // the limit that `value` is compared with

}  // namespace sluice
