// Parts that some statistics of a sensor's day are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice {

// One hour of the day, counted from its first instant; the last one of a day may be shorter.
struct HourRow {
  std::uint64_t count = 0;  // 0: the values mean nothing
  double min = 0;
  double mean = 0;
  double max = 0;
  bool operator==(const HourRow&) const = default;
};

struct StateTime {
  double value = 0;
  std::int64_t time_ms = 0;
  bool operator==(const StateTime&) const = default;
};

// By value. States beyond kStatesMax, in the order of their first reading, share one line.
struct StateTimes {
  static constexpr std::size_t kStatesMax = 32;
  std::uint64_t transitions = 0;  // readings with another value than the one before
  std::vector<StateTime> states;
  std::int64_t others_ms = 0;
  bool operator==(const StateTimes&) const = default;
};

}  // namespace sluice
