#include "alert/sensor_history.h"

#include <algorithm>

#include "model/reading.h"

namespace sluice {

namespace {

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
  const std::int64_t newest_ms = newest > head_ ? samples_[newest - 1].time_ms : sample.time_ms;
  const std::int64_t oldest_ms = newest_ms - span_ms_;
  const auto first = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
  samples_.insert(std::upper_bound(first, samples_.end(), sample, earlier), sample);
  const auto begin = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
  auto old = static_cast<std::size_t>(std::upper_bound(begin, samples_.end(), oldest_ms, before) - begin);
  drop(std::max(old, size() > samples_max_ ? size() - samples_max_ : 0));
}

void SensorHistory::forget_later(std::int64_t time_ms) {
  const auto begin = samples_.begin() + static_cast<std::ptrdiff_t>(head_);
  samples_.erase(std::upper_bound(begin, samples_.end(), time_ms, before), samples_.end());
}

void SensorHistory::drop(std::size_t count) {
  head_ += count;
  if (head_ < 16 || head_ * 2 < samples_.size()) return;
  samples_.erase(samples_.begin(), samples_.begin() + static_cast<std::ptrdiff_t>(head_));
  head_ = 0;
}

void SensorHistory::copy(std::int64_t after_ms, std::int64_t until_ms, std::int64_t now_stream_ms,
                         std::uint32_t refused, std::vector<Point>& out) const {
  out.clear();
  const std::int64_t arrived_from_ms = now_stream_ms - kept_ms(span_ms_);
  auto at = std::upper_bound(samples_.begin() + static_cast<std::ptrdiff_t>(head_), samples_.end(), after_ms,
                             before);
  for (; at != samples_.end() && at->time_ms <= until_ms; ++at) {
    if (at->arrival_ms < arrived_from_ms || (static_cast<std::uint32_t>(at->flags) & refused)) continue;
    out.push_back({at->time_ms, at->value});
  }
}

std::vector<std::int64_t> SensorHistory::arrivals_after(std::int64_t stream_ms, std::int64_t newest_ms,
                                                        std::uint32_t refused) const {
  std::vector<std::int64_t> arrivals;
  for (std::size_t i = head_; i < samples_.size(); ++i) {
    const Sample& sample = samples_[i];
    if (static_cast<std::uint32_t>(sample.flags) & refused) continue;
    if (sample.time_ms <= newest_ms - span_ms_) continue;
    if (sample.arrival_ms > stream_ms) arrivals.push_back(sample.arrival_ms);
  }
  std::sort(arrivals.rbegin(), arrivals.rend());
  return arrivals;
}

}  // namespace sluice
