// Backoff: how long to wait before trying again. Doubles from `first` to `cap`; each wait is drawn between
// half of that and all of it, so that many clients of one server do not come back together. One owner.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace sluice {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds cap, std::uint64_t seed)
      : first_(first), cap_(cap), random_(seed) {}

  std::chrono::milliseconds next() {
    std::chrono::milliseconds full = first_;
    for (int i = 0; i < failures_ && full < cap_; ++i) full *= 2;
    full = std::min(full, cap_);
    ++failures_;
    return draw(full / 2, full);
  }
  std::chrono::milliseconds draw(std::chrono::milliseconds low, std::chrono::milliseconds high) {
    // splitmix64: one addition and three mixes a number, good in every bit.
    std::uint64_t z = (random_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + std::chrono::milliseconds(static_cast<std::int64_t>(z % span));
  }
  void reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds cap_;
  std::uint64_t random_;
  int failures_ = 0;
};

}  // namespace sluice
