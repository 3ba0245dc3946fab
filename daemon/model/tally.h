// Tally: count, min, max and sum of some readings of one sensor in one local day. RunningTallies: the speed
// layer's tallies of the readings of a batch, kept while they are folded; the store writes them beside the
// rows, in the same transaction, and the batch layer compares them with the rows when the day closes.
// One thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/calendar.h"
#include "model/reading.h"

namespace sluice {

struct Tally {
  std::uint64_t count = 0;
  double min = 0;
  double max = 0;
  double sum = 0;

  void add(double value) { merge({1, value, value, value}); }
  void merge(const Tally& other) {
    min = count == 0 ? other.min : std::min(min, other.min);
    max = count == 0 ? other.max : std::max(max, other.max);
    sum += other.sum;
    count += other.count;
  }
  bool operator==(const Tally&) const = default;
};

// Of the same readings, if added in another order.
bool agree(const Tally& a, const Tally& b);

struct DayTally {
  Day day = 0;
  SensorId sensor = 0;
  Tally tally;
  bool operator==(const DayTally&) const = default;
};

class RunningTallies {
 public:
  void add(Day day, SensorId sensor, double value);
  std::vector<DayTally> take();  // and begins again

 private:
  std::vector<DayTally> tallies_;
  std::vector<std::uint32_t> newest_;  // by sensor: place in tallies_ + 1; 0: none yet
};

// Bytes for one column. An entry: the day's difference to the one before, zigzag; sensor; count, each in
// 7-bit groups, lowest first, with the high bit set on all but the last; then one double, if the count is 1,
// or min, max and sum, little-endian.
std::string encode_tallies(const std::vector<DayTally>& tallies);
bool decode_tallies(std::string_view bytes,
                    const std::function<void(const DayTally&)>& take);  // false: damaged

using SensorTallies = std::map<SensorId, Tally>;
std::vector<SensorId> differing(const SensorTallies& a,
                                const SensorTallies& b);  // sensors whose do not agree

}  // namespace sluice
