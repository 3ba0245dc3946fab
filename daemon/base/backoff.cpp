#include "base/backoff.h"

#include <algorithm>

namespace sluice {

namespace {

// SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).
std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = state += 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace

std::int64_t Backoff::delay_ms(int failures) {
  std::int64_t delay = std::min(first_ms_, cap_ms_);
  for (int i = 1; i < failures && delay < cap_ms_; ++i) delay = std::min(delay * 2, cap_ms_);
  const std::int64_t swing = delay / 5;
  if (swing == 0) return delay;
  return delay - swing +
         static_cast<std::int64_t>(next_random(random_) % static_cast<std::uint64_t>(2 * swing + 1));
}

std::chrono::milliseconds Backoff::draw(std::chrono::milliseconds low, std::chrono::milliseconds high) {
  const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
  return low + std::chrono::milliseconds(static_cast<std::int64_t>(next_random(random_) % span));
}

}  // namespace sluice
