// Measure: the figure that a rule compares, from the points of its window in order of time. Always made from
// all of them, never updated, so that it depends on nothing but the points.
#pragma once

#include <optional>
#include <vector>

#include "alert/rule.h"
#include "alert/sensor_history.h"

namespace sluice {

// None without a point. NaN: too little to tell, which is a rate of points at one time. May reorder `points`.
std::optional<double> measure_of(const Rule& rule, std::vector<Point>& points);

}  // namespace sluice
