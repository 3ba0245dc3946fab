#include "alert/sensor_history.h"

#include <algorithm>

#include "model/reading.h"

namespace sluice {

namespace {

constexpr std::size_t kSpare = 16;  // places

bool earlier(const Sample& a, const Sample& b) {
  return a.time_ms < b.time_ms;
}
bool before(std::int64_t time_ms, const Sample& sample) {
  return time_ms < sample.time_ms;
}

}  // namespace

void SensorHistory::add(const Sample& sample) {
  // Counted from the newest before this one: what fills a gap still sees the readings at its beginning.
  std::size_t newest = samples_.size();
  while (newest > head_ && (samples_[newest - 1].flags & (kRetained | kDuplicate))) --newest;
  std::int64_t newest_ms = newest > head_ ? samples_[newest - 1].time_ms : sample.time_ms;
  // Nothing but copies, which some rules take.
  if (newest == head_ && size() > 0) newest_ms = std::min(newest_ms, samples_.back().time_ms);
  const std::int64_t oldest_ms = newest_ms - span_ms_;
  make_room();
  const auto first = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
  samples_.insert(std::upper_bound(first, samples_.end(), sample, earlier), sample);
  const auto begin = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
  drop(static_cast<std::size_t>(std::upper_bound(begin, samples_.end(), oldest_ms, before) - begin));
  if (size() <= samples_max_) return;
  lost_ms_ = samples_[head_ + size() - samples_max_ - 1].time_ms;
  drop(size() - samples_max_);
}

// For one more. Doubles no further than what is used at most, beside the eighth that drop() leaves.
void SensorHistory::make_room() {
  if (samples_.size() < samples_.capacity()) return;
  const std::size_t most = samples_max_ + samples_max_ / 8 + kSpare;
  samples_.reserve(std::max(samples_.size() + 1, std::min(2 * samples_.size() + kSpare, most)));
}

void SensorHistory::put(const Sample& sample) {
  for (std::size_t i = samples_.size(); i > head_ && samples_[i - 1].time_ms >= sample.time_ms; --i) {
    Sample& known = samples_[i - 1];
    if (known.time_ms != sample.time_ms || known.arrival_ms != sample.arrival_ms) continue;
    known = sample;
    return;
  }
  add(sample);
}

void SensorHistory::forget_later(std::int64_t time_ms) {
  const auto begin = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
  samples_.erase(std::upper_bound(begin, samples_.end(), time_ms, before), samples_.end());
  if (lost_ms_ > time_ms) lost_ms_ = std::numeric_limits<std::int64_t>::min();
}

void SensorHistory::drop(std::size_t count) {
  head_ += count;
  if (head_ < kSpare || head_ * 8 < size()) return;
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(head_));
  head_ = 0;
}

void SensorHistory::copy(std::int64_t after_ms, std::int64_t until_ms, std::uint32_t refused,
                         std::vector<Point>& out) const {
  out.clear();
  auto at = std::upper_bound(samples_.begin() + static_cast<std::ptrdiff_t>(head_), samples_.end(), after_ms,
                             before);
  for (; at != samples_.end() && at->time_ms <= until_ms; ++at) {
    if (static_cast<std::uint32_t>(at->flags) & refused) continue;
    out.push_back({at->time_ms, at->value});
  }
}

}  // namespace sluice
