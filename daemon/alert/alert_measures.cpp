#include "alert/alert_fold_impl.h"
#include "alert/measure.h"

namespace sluice {

namespace {

constexpr std::uint32_t kCopies = kRetained | kDuplicate;

std::int64_t floor_to(std::int64_t time_ms, std::int64_t step_ms) {
  const std::int64_t rest = time_ms % step_ms;
  return time_ms - (rest < 0 ? rest + step_ms : rest);
}

std::int64_t look_back_ms(const Rule& rule) {
  return rule.measure == Measure::kSteady ? 2 * rule.window.count() : rule.window.count();
}

// The fewest readings in the window with which the ratio is not above the limit.
std::size_t fewest(const Rule& rule, std::int64_t every_ms) {
  const auto expected = static_cast<std::size_t>(rule.window.count() / every_ms);
  std::size_t needed = 0;
  while (needed < expected && 1 - static_cast<double>(needed) / static_cast<double>(expected) > rule.high)
    ++needed;
  return needed;
}

}  // namespace

std::optional<double> AlertFold::Impl::measure_at(const Pair& pair, std::int64_t at_ms) const {
  const Rule& r = rule(pair);
  sensors[pair.sensor].history->copy(at_ms - look_back_ms(r), at_ms, now.stream_ms, kCopies & ~r.accept,
                                     points);
  return measure_of(r, points);
}

std::optional<double> AlertFold::Impl::measure_by(const Pair& pair, std::int64_t at_ms) const {
  const Rule& r = rule(pair);
  if (r.every.count() == 0) return measure_at(pair, at_ms);
  return measure_at(pair, floor_to(at_ms - r.lateness.count(), r.every.count()));
}

double AlertFold::Impl::measure_now(const Pair& pair) const {
  const SensorState& sensor = sensors[pair.sensor];
  const Rule& r = rule(pair);
  if (r.kind == ConditionKind::kMissingRatio) return missing_ratio(pair);
  if (r.measure == Measure::kValue || sensor.time_ms == kLongAgo) return sensor.value;
  return measure_by(pair, sensor.time_ms).value_or(sensor.value);
}

// Every multiple of `every` that the newest reading has passed, less the lateness, if its window has a
// reading.
void AlertFold::Impl::look_at_grid(std::uint32_t i, std::int64_t before_ms, std::uint32_t doubts) {
  const Rule& r = rule(pairs[i]);
  const SensorState& sensor = sensors[pairs[i].sensor];
  if (before_ms == kLongAgo) return;
  const std::int64_t step_ms = r.every.count();
  const std::int64_t last_ms = floor_to(sensor.time_ms - r.lateness.count(), step_ms);
  std::int64_t grid_ms = floor_to(before_ms - r.lateness.count(), step_ms) + step_ms;
  while (grid_ms <= last_ms) {
    if (auto value = measure_at(pairs[i], grid_ms)) {
      observe(i, grid_ms, *value, doubts, {grid_ms - step_ms + r.lateness.count(), 0});
      grid_ms += step_ms;
      continue;
    }
    sensor.history->copy(grid_ms, last_ms, now.stream_ms, kCopies & ~r.accept, points);
    if (points.empty()) return;
    grid_ms = floor_to(points.front().time_ms + step_ms - 1, step_ms);
  }
}

std::int64_t AlertFold::Impl::silent_deadline(const Pair& pair) const {
  return sensors[pair.sensor].subscribed_ms + rule(pair).silent_for.count() + rule(pair).hold.count();
}

// When so many of the readings that count now have left the window that the rest are too few, were none to
// come; not before we have been subscribed for the whole of it.
std::int64_t AlertFold::Impl::missing_deadline(const Pair& pair) const {
  const Rule& r = rule(pair);
  const SensorState& sensor = sensors[pair.sensor];
  const std::size_t needed = fewest(r, sensor.facts.every_ms);
  if (needed == 0) return kNever;
  const std::vector<std::int64_t> arrivals =
      sensor.history->arrivals_after(kLongAgo, sensor.time_ms, kCopies);
  std::int64_t from_ms = kLongAgo;
  if (!sensor.heard) {
    from_ms = now.stream_ms - (now.subscribed_ms - sensor.subscribed_ms);  // since it is awaited
  } else if (!arrivals.empty()) {
    from_ms = arrivals[std::min(needed, arrivals.size()) - 1];
  }
  return std::max(from_ms, now.connected_since_ms) + r.window.count() + r.hold.count();
}

double AlertFold::Impl::missing_ratio(const Pair& pair) const {
  const Rule& r = rule(pair);
  const SensorState& sensor = sensors[pair.sensor];
  const std::int64_t whole = r.window.count() / sensor.facts.every_ms;
  const auto expected = static_cast<double>(whole);
  const std::int64_t after_ms = now.stream_ms - r.window.count();
  const auto heard =
      static_cast<double>(sensor.history->arrivals_after(after_ms, sensor.time_ms, kCopies).size());
  return std::max(0.0, 1 - heard / expected);
}

}  // namespace sluice
