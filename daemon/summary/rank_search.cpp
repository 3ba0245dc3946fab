#include "summary/rank_search.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace sluice {

namespace {

constexpr std::uint64_t kSign = 1ull << 63;

// Doubles in ascending order become integers in ascending order.
std::uint64_t ordered_bits(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  return bits & kSign ? ~bits : bits | kSign;
}

double from_ordered_bits(std::uint64_t bits) {
  return std::bit_cast<double>(bits & kSign ? bits & ~kSign : ~bits);
}

}  // namespace

RankSearch::RankSearch() {
  for (Target& target : targets_) target.counts.assign(std::size_t{1} << kDigitBits, 0);
}

void RankSearch::add(double value) {
  const std::uint64_t bits = ordered_bits(value);
  const unsigned shift = 64 - kDigitBits * static_cast<unsigned>(pass_ + 1);
  const std::uint64_t digit = bits >> shift & ((1u << kDigitBits) - 1);
  const std::uint64_t prefix = pass_ == 0 ? 0 : bits >> (shift + kDigitBits);
  if (pass_ == 0) ++count_;
  for (Target& target : targets_) {
    if (prefix == target.prefix) ++target.counts[digit];
  }
}

void RankSearch::end_pass() {
  SLUICE_CHECK(pass_ < kPasses && count_ > 0, "a pass over at least one value");
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    Target& target = targets_[i];
    if (pass_ == 0) target.rank = nearest_rank(kPercentiles[i], count_);
    std::size_t digit = 0;
    while (target.counts[digit] < target.rank) {
      target.rank -= target.counts[digit++];
      SLUICE_CHECK(digit < target.counts.size(), "each pass sees the same values");
    }
    target.prefix = target.prefix << kDigitBits | digit;
    std::fill(target.counts.begin(), target.counts.end(), 0);
  }
  ++pass_;
}

PercentileValues RankSearch::result() const {
  SLUICE_CHECK(pass_ == kPasses, "all passes are done");
  PercentileValues values{};
  for (std::size_t i = 0; i < targets_.size(); ++i) values[i] = from_ordered_bits(targets_[i].prefix);
  return values;
}

}  // namespace sluice
