// Backoff: how long to wait after the nth failure in a row. Doubles from `first` up to `cap`, then jitter of
// ±20 % spreads those who failed together. The same seed gives the same waits. One thread.
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

 private:
  std::int64_t first_ms_;
  std::int64_t cap_ms_;
  std::uint64_t random_;
};

}  // namespace sluice
