#include "alert/measure.h"

#include <algorithm>
#include <cmath>

#include "alert/condition.h"

namespace sluice {

namespace {

using Points = std::vector<Point>;

bool less(const Point& a, const Point& b) {
  return a.value < b.value;
}

double sum_of(const Points& points) {
  double sum = 0;
  for (const Point& point : points) sum += point.value;
  return sum;
}

// Nearest rank, as in summaries.
double rank_of(Points& points, std::size_t percent) {
  const std::size_t rank = std::max<std::size_t>(1, (points.size() * percent + 99) / 100);
  const auto at = points.begin() + static_cast<std::ptrdiff_t>(rank - 1);
  std::nth_element(points.begin(), at, points.end(), less);
  return at->value;
}

// Population standard deviation.
double stddev_of(const Points& points) {
  const double n = static_cast<double>(points.size());
  const double mean = sum_of(points) / n;
  double squares = 0;
  for (const Point& point : points) squares += (point.value - mean) * (point.value - mean);
  return std::sqrt(squares / n);
}

double change_of(const Points& points) {
  double most = 0;
  for (const Point& point : points) most = std::max(most, std::fabs(points.back().value - point.value));
  return most;
}

double rate_of(const Rule& rule, const Points& points) {
  const std::int64_t passed_ms = points.back().time_ms - points.front().time_ms;
  if (passed_ms == 0) return std::nan("");
  return (points.back().value - points.front().value) / static_cast<double>(passed_ms) *
         static_cast<double>(rule.per.count());
}

// Seconds from the first of the readings that, up to the newest, all lie within the tolerance of each other
// and no further apart than `stuck_for`: what was in between nobody knows.
double steady_of(const Rule& rule, const Points& points) {
  double low = points.back().value;
  double high = low;
  std::int64_t from_ms = points.back().time_ms;
  for (auto at = points.rbegin(); at != points.rend(); ++at) {
    low = std::min(low, at->value);
    high = std::max(high, at->value);
    if (high - low > rule.tolerance || from_ms - at->time_ms > rule.window.count()) break;
    from_ms = at->time_ms;
  }
  return static_cast<double>(points.back().time_ms - from_ms) / 1000.0;
}

}  // namespace

std::optional<double> measure_of(const Rule& rule, Points& points) {
  if (points.empty()) return std::nullopt;
  switch (rule.measure) {
    case Measure::kMean:
      return sum_of(points) / static_cast<double>(points.size());
    case Measure::kMin:
      return std::min_element(points.begin(), points.end(), less)->value;
    case Measure::kMax:
      return std::max_element(points.begin(), points.end(), less)->value;
    case Measure::kMedian:
      return rank_of(points, 50);
    case Measure::kP95:
      return rank_of(points, 95);
    case Measure::kStddev:
      return stddev_of(points);
    case Measure::kSum:
      return sum_of(points);
    case Measure::kSamples:
      return static_cast<double>(points.size());
    case Measure::kFirst:
      return points.front().value;
    case Measure::kValue:
    case Measure::kLast:
      return points.back().value;
    case Measure::kRange: {
      const auto [low, high] = std::minmax_element(points.begin(), points.end(), less);
      return high->value - low->value;
    }
    case Measure::kChange:
      return change_of(points);
    case Measure::kRate:
      return rate_of(rule, points);
    case Measure::kSteady:
      return steady_of(rule, points);
    case Measure::kCount:
      return static_cast<double>(std::count_if(points.begin(), points.end(),
                                               [&](const Point& p) { return holds(rule.of, p.value); }));
  }
  return std::nullopt;
}

}  // namespace sluice
