// Evaluator: one rule on one value. Stateless: the caller keeps the phase.
#pragma once

#include "alert/rule.h"

namespace sluice {

bool condition_holds(const Rule& rule, double value);   // above is >, below is <, inside closed, outside open
bool condition_clears(const Rule& rule, double value);  // while firing: true resolves
double threshold_of(const Rule& rule,
                    double value);  // the limit that `value` is compared with, for the event

}  // namespace sluice
