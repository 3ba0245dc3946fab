// Backoff: how long to wait after the nth failure in a row. Doubles from `first` up to `cap`, then jitter of
// ±20 % spreads those who failed together. The same seed gives the same waits. One owner.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap, std::uint64_t seed)
      : first_ms_(first.count()), cap_ms_(cap.count()), random_(seed) {}

  std::int64_t delay_ms(int failures);                               // failures: 1, 2, 3 …
  std::int64_t longest_ms() const { return cap_ms_ + cap_ms_ / 5; }  // no delay is longer

  // The same, counting for the caller.
  std::chrono::milliseconds next() { return std::chrono::milliseconds(delay_ms(++failures_)); }
  void reset() { failures_ = 0; }
  int failures() const { return failures_; }

  std::chrono::milliseconds draw(std::chrono::milliseconds low, std::chrono::milliseconds high);  // evenly

 private:
  std::int64_t first_ms_;
  std::int64_t cap_ms_;
  std::uint64_t random_;
  int failures_ = 0;
};

}  // namespace sluice
