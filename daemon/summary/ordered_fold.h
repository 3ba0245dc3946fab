// The statistics of one sensor's day that depend on order, as a fold over its rows in canonical order (time,
// value). OrderedFold is the first pass, Deviations the second, which needs the mean. Sums are compensated,
// so that they do not depend on luck, and the order is fixed, so that the same rows give the same bits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

namespace sluice {

// Neumaier's improvement of Kahan's sum: "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
// Summen", ZAMM 54 (1974). The error of each addition is exact and summed apart.
class CompensatedSum {
 public:
  void add(double x) {
    const double sum = sum_ + x;
    error_ += std::abs(sum_) >= std::abs(x) ? (sum_ - sum) + x : (x - sum) + sum_;
    sum_ = sum;
  }
  double total() const { return sum_ + error_; }

 private:
  double sum_ = 0;
  double error_ = 0;
};

// Keeps the sum of 2^32 largest doubles finite. A power of two: nothing above 1e-298 is rounded by it.
inline constexpr double kSumScale = 1.0 / 4294967296.0;

class OrderedFold {
 public:
  // Offsets are milliseconds since the day's begin. `every_ms` 0: no coverage.
  OrderedFold(std::int64_t length_ms, std::int64_t every_ms)
      : length_ms_(length_ms), every_ms_(every_ms), slot_end_ms_(every_ms > 0 ? 0 : INT64_MAX) {}

  void add(std::int64_t offset_ms, double value) {
    if (count_ == 0) {
      first_ = min_ = max_ = value;
      min_at_ms_ = max_at_ms_ = offset_ms;
    } else if (value < min_) {
      min_ = value;
      min_at_ms_ = offset_ms;
    } else if (value > max_) {
      max_ = value;
      max_at_ms_ = offset_ms;
    }
    gap_ms_ = std::max(gap_ms_, offset_ms - last_at_ms_);
    last_at_ms_ = offset_ms;
    last_ = value;
    if (offset_ms >= slot_end_ms_) enter_slot(offset_ms);
    sum_.add(value * kSumScale);
    ++count_;
  }

  std::uint64_t count() const { return count_; }
  double min() const { return min_; }
  double max() const { return max_; }
  std::int64_t min_at_ms() const { return min_at_ms_; }  // the earliest of equal ones
  std::int64_t max_at_ms() const { return max_at_ms_; }
  double first() const { return first_; }
  double last() const { return last_; }
  double sum() const { return sum_.total() / kSumScale; }  // infinite beyond the largest double
  double mean() const;                                     // sum / count, kept within [min, max]
  std::int64_t longest_gap_ms() const;  // longest stretch of the day without a row, its two ends included
  std::optional<double> coverage()
      const;  // slots of `every` from the day's begin that have a row / all slots

 private:
  void enter_slot(std::int64_t offset_ms) {
    ++slots_seen_;
    slot_end_ms_ = (offset_ms / every_ms_ + 1) * every_ms_;
  }

  std::int64_t length_ms_;
  std::int64_t every_ms_;
  std::int64_t slot_end_ms_;
  std::uint64_t slots_seen_ = 0;
  std::uint64_t count_ = 0;
  double min_ = 0;
  double max_ = 0;
  double first_ = 0;
  double last_ = 0;
  std::int64_t min_at_ms_ = 0;
  std::int64_t max_at_ms_ = 0;
  std::int64_t last_at_ms_ = 0;
  std::int64_t gap_ms_ = 0;
  CompensatedSum sum_;
};

// Population standard deviation: sqrt((sum d² - (sum d)² / n) / n) with d = value - mean. The second term
// takes out what rounding the mean put in (Chan, Golub, LeVeque: "Algorithms for Computing the Sample
// Variance", The American Statistician 37, 1983).
class Deviations {
 public:
  explicit Deviations(const OrderedFold& first_pass);
  void add(double value) {
    const double d = value * scale_ - mean_;
    sum_.add(d);
    squares_.add(d * d);
  }
  double stddev() const;

 private:
  std::uint64_t count_;
  double scale_ = 1;  // a power of two; other than 1 only where squares would overflow or vanish
  double mean_;
  CompensatedSum sum_;
  CompensatedSum squares_;
};

}  // namespace sluice
