// SensorHistory: the recent readings of one sensor in order of time, for rules that look back. What it shows
// is a function of the readings that arrived within kept_ms() of now, so that a restart rebuilds it from
// stored rows. Bounded: beyond `samples_max` the oldest go, and windows are of what is left. 24 bytes a
// reading.
#pragma once

#include <cstddef>
#include <cstdint>
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
  // What is later: a clock was ahead that has been put right.
  void forget_later(std::int64_t time_ms);
  // Those in (after, until] that had not been forgotten at `now`, without those that carry a refused flag.
  void copy(std::int64_t after_ms, std::int64_t until_ms, std::int64_t now_stream_ms, std::uint32_t refused,
            std::vector<Point>& out) const;
  // Of those that arrived later than `stream_ms` and are not older than the span before `newest_ms`, the
  // sensor's newest; newest arrival first.
  std::vector<std::int64_t> arrivals_after(std::int64_t stream_ms, std::int64_t newest_ms,
                                           std::uint32_t refused) const;
  std::size_t size() const { return samples_.size() - head_; }

  // A reading is forgotten this long after it arrived.
  static constexpr std::int64_t kept_ms(std::int64_t span_ms) { return 2 * span_ms + 3600000; }

 private:
  void drop(std::size_t count);

  std::int64_t span_ms_;
  std::size_t samples_max_;
  std::size_t head_ = 0;  // of samples_: the first that is left
  std::vector<Sample> samples_;
};

}  // namespace sluice
