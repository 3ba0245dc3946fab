#include "summary/ordered_fold.h"

namespace sluice {

double OrderedFold::mean() const {
  if (count_ == 0) return 0;
  const double mean = sum_.total() / static_cast<double>(count_) / kSumScale;
  return std::clamp(mean, min_, max_);
}

std::int64_t OrderedFold::longest_gap_ms() const {
  return std::max(gap_ms_, length_ms_ - last_at_ms_);
}

std::optional<double> OrderedFold::coverage() const {
  if (every_ms_ <= 0 || length_ms_ <= 0) return std::nullopt;
  const std::int64_t slots = (length_ms_ - 1) / every_ms_ + 1;
  return static_cast<double>(slots_seen_) / static_cast<double>(slots);
}

Deviations::Deviations(const OrderedFold& first_pass) : count_(first_pass.count()) {
  constexpr int kSafeExponent = 400;
  const double largest = std::max(std::abs(first_pass.min()), std::abs(first_pass.max()));
  if (largest > 0) {
    const int exponent = std::ilogb(largest);
    if (std::abs(exponent) > kSafeExponent) scale_ = std::ldexp(1.0, std::min(-exponent, 1000));
  }
  mean_ = first_pass.mean() * scale_;
}

double Deviations::stddev() const {
  if (count_ == 0) return 0;
  const auto n = static_cast<double>(count_);
  const double sum = sum_.total();
  const double variance = (squares_.total() - sum * sum / n) / n;
  return std::sqrt(std::max(variance, 0.0)) / scale_;
}

}  // namespace sluice
