// Nearest-rank percentiles, and a way to find them exactly among more values than memory holds: four passes
// over the values, each of which settles 16 bits of the answer by counting. One thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice {

inline constexpr std::array<unsigned, 4> kPercentiles = {5, 50, 95, 99};
using PercentileValues = std::array<double, kPercentiles.size()>;

// 1-based: the smallest k with k/count >= percent/100. `count` is at least 1.
constexpr std::uint64_t nearest_rank(unsigned percent, std::uint64_t count) {
  const std::uint64_t rank = count / 100 * percent + (count % 100 * percent + 99) / 100;
  return rank == 0 ? 1 : rank;
}

// Call add() with every value and end_pass(), kPasses times over; then the result is there. Uses 1 MiB.
class RankSearch {
 public:
  static constexpr int kPasses = 4;
  RankSearch();
  void add(double value);
  void end_pass();
  PercentileValues result() const;

 private:
  static constexpr unsigned kDigitBits = 16;
  struct Target {
    std::uint64_t rank = 0;    // among the values that begin with `prefix`
    std::uint64_t prefix = 0;  // the bits settled so far
    std::vector<std::uint32_t> counts;
  };
  std::array<Target, kPercentiles.size()> targets_;
  std::uint64_t count_ = 0;
  int pass_ = 0;
};

}  // namespace sluice
