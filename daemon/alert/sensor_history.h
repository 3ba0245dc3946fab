// SensorHistory: the recent readings of one sensor in order of time, for rules that look back. It keeps those
// within the span before the sensor's newest, however long ago that was, so that a restart rebuilds it from
// stored rows. Bounded: beyond `samples_max` the oldest go, and windows are of what is left. 24 bytes a
// reading, and an eighth of that for those that went.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace sluice {

struct Sample {
  std::int64_t time_ms = 0;
  double value = 0;
  std::int64_t arrival_ms : 56 = 0;  // stream time
  std::uint64_t flags : 8 = 0;       // ReadingFlag bits
};

struct Point {
  std::int64_t time_ms = 0;
  double value = 0;
};

class SensorHistory {
 public:
  // `span_ms`: how far back the measures look, from the sensor's newest reading.
  SensorHistory(std::int64_t span_ms, std::size_t samples_max)
      : span_ms_(span_ms), samples_max_(samples_max) {}

  void add(const Sample& sample);
  // Replaces one of the same time and arrival, if there is one.
  void put(const Sample& sample);
  // What is later: a clock was ahead that has been put right.
  void forget_later(std::int64_t time_ms);
  // Those in (after, until], without those that carry a refused flag.
  void copy(std::int64_t after_ms, std::int64_t until_ms, std::uint32_t refused,
            std::vector<Point>& out) const;
  std::size_t size() const { return samples_.size() - head_; }
  std::size_t memory_bytes() const { return samples_.capacity() * sizeof(Sample); }
  // Of the newest that went because there were too many; windows that reach back to it are not whole.
  std::int64_t lost_ms() const { return lost_ms_; }

 private:
  void make_room();
  void drop(std::size_t count);

  std::int64_t span_ms_;
  std::size_t samples_max_;
  std::size_t head_ = 0;  // of samples_: the first that is left
  std::int64_t lost_ms_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Sample> samples_;
};

}  // namespace sluice
