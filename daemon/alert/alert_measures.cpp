#include <cmath>
#include <tuple>

#include "alert/alert_fold_impl.h"
#include "alert/measure.h"

namespace sluice {

namespace {

std::int64_t floor_to(std::int64_t time_ms, std::int64_t step_ms) {
  const std::int64_t rest = time_ms % step_ms;
  return time_ms - (rest < 0 ? rest + step_ms : rest);
}

std::int64_t look_back_ms(const Rule& rule) {
  return rule.measure == Measure::kSteady ? 2 * rule.window.count() : rule.window.count();
}

// An absence has to last that long before the alert begins; what stands goes on with the absence itself.
std::int64_t hold_ms(const Rule& rule, const Steadiness& state) {
  return state.level == 0 ? rule.hold.count() : 0;
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

Newest AlertFold::Impl::newest_of(const Pair& pair) const {
  if (rule(pair).accept & kCopies) {
    const auto copy = copies.find(static_cast<std::uint32_t>(&pair - pairs.data()));
    if (copy != copies.end()) return copy->second;
  }
  const SensorState& sensor = sensors[pair.sensor];
  return {sensor.time_ms, sensor.value, sensor.doubts};
}

std::optional<double> AlertFold::Impl::measure_at(const Pair& pair, std::int64_t at_ms) const {
  const Rule& r = rule(pair);
  sensors[pair.sensor].history->copy(at_ms - look_back_ms(r), at_ms, kCopies & ~r.accept, points);
  return measure_of(r, points);
}

std::optional<double> AlertFold::Impl::judge(const Pair& pair, std::int64_t at_ms) {
  const std::optional<double> figure = measure_at(pair, at_ms);
  if (!figure || std::isfinite(*figure)) return figure;
  // A rate of one reading is none, which is not unusual.
  if (!std::isnan(*figure) || rule(pair).measure != Measure::kRate) ++not_finite;
  return std::nan("");
}

std::optional<double> AlertFold::Impl::measure_by(const Pair& pair, std::int64_t at_ms) const {
  const Rule& r = rule(pair);
  if (r.every.count() == 0) return measure_at(pair, at_ms);
  return measure_at(pair, floor_to(at_ms - r.lateness.count(), r.every.count()));
}

double AlertFold::Impl::measure_now(const Pair& pair) const {
  const Newest newest = newest_of(pair);
  const Rule& r = rule(pair);
  if (r.kind == ConditionKind::kMissingRatio) return missing_ratio(pair);
  if (r.measure == Measure::kValue || newest.time_ms == kLongAgo) return newest.value;
  return measure_by(pair, newest.time_ms).value_or(newest.value);
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
    if (auto value = judge(pairs[i], grid_ms)) {
      observe(i, grid_ms, *value, doubts, {grid_ms - step_ms + r.lateness.count(), 0, 0});
      grid_ms += step_ms;
      continue;
    }
    sensor.history->copy(grid_ms, last_ms, kCopies & ~r.accept, points);
    if (points.empty()) return;
    grid_ms = floor_to(points.front().time_ms + step_ms - 1, step_ms);
  }
}

std::optional<CutWindow> AlertFold::Impl::cut_window(const Pair& pair) const {
  const Rule& r = rule(pair);
  const SensorState& sensor = sensors[pair.sensor];
  if (!sensor.history || r.kind == ConditionKind::kMissingRatio || r.measure == Measure::kValue) {
    return std::nullopt;
  }
  const std::int64_t back_ms = (r.window + r.lateness).count();
  const std::int64_t lost_ms = sensor.history->lost_ms();
  if (lost_ms == kLongAgo || lost_ms <= sensor.time_ms - back_ms) return std::nullopt;
  const std::int64_t reach_ms = std::max<std::int64_t>(0, sensor.time_ms - lost_ms);
  const double times =
      static_cast<double>(back_ms) / static_cast<double>(std::max<std::int64_t>(reach_ms, 1));
  CutWindow cut;
  cut.alert = r.name;
  cut.sensor = *sensor.facts.name;
  cut.sensors = 1;
  cut.reach_ms = reach_ms;
  cut.back_ms = back_ms;
  cut.needed = static_cast<std::size_t>(std::ceil(static_cast<double>(settings.window_samples + 1) * times));
  return cut;
}

std::int64_t AlertFold::Impl::silent_deadline(const Pair& pair) const {
  return sensors[pair.sensor].subscribed_ms + rule(pair).silent_for.count() + hold_ms(rule(pair), pair.state);
}

// When so many of the readings that count now have left the window that the rest are too few, were none to
// come; not before we have been subscribed for the whole of it.
std::int64_t AlertFold::Impl::missing_deadline(const Pair& pair) const {
  const Rule& r = rule(pair);
  const SensorState& sensor = sensors[pair.sensor];
  const std::size_t needed = fewest(r, sensor.facts.every_ms);
  if (needed == 0) return kNever;
  std::int64_t from_ms = kLongAgo;
  if (!sensor.heard) {
    from_ms = now.stream_ms - (now.subscribed_ms - sensor.subscribed_ms);  // since it is awaited
  } else if (!sensor.arrivals.empty()) {
    const std::size_t known = arrivals_after(pair, sensor.arrivals.back() - 2 * r.window.count());
    from_ms = sensor.arrivals[sensor.arrivals.size() - std::min(needed, known)];
  }
  return std::max(from_ms, now.connected_since_ms) + r.window.count() + hold_ms(r, pair.state);
}

std::size_t AlertFold::Impl::arrivals_after(const Pair& pair, std::int64_t stream_ms) const {
  const std::deque<std::int64_t>& arrivals = sensors[pair.sensor].arrivals;
  return static_cast<std::size_t>(arrivals.end() -
                                  std::upper_bound(arrivals.begin(), arrivals.end(), stream_ms));
}

double AlertFold::Impl::missing_ratio(const Pair& pair) const {
  const Rule& r = rule(pair);
  const SensorState& sensor = sensors[pair.sensor];
  const std::int64_t whole = r.window.count() / sensor.facts.every_ms;
  const auto expected = static_cast<double>(whole);
  const auto heard = static_cast<double>(arrivals_after(pair, now.stream_ms - r.window.count()));
  return std::max(0.0, 1 - heard / expected);
}

std::vector<CutWindow> AlertFold::cut_windows() const {
  std::vector<CutWindow> cuts(impl_->settings.rules.size());
  for (const Pair& pair : impl_->pairs) {
    auto found = impl_->cut_window(pair);
    if (!found) continue;
    CutWindow& cut = cuts[pair.rule];
    found->sensors = cut.sensors + 1;
    found->needed = std::max(found->needed, cut.needed);
    if (cut.sensors > 0) std::tie(found->sensor, found->reach_ms) = std::tie(cut.sensor, cut.reach_ms);
    cut = std::move(*found);
  }
  std::erase_if(cuts, [](const CutWindow& cut) { return cut.sensors == 0; });
  return cuts;
}

std::optional<CutWindow> AlertFold::cut_window(SensorId id, const std::string& name) const {
  const SensorState& sensor = impl_->sensor_of(id);
  for (std::uint32_t i = 0; i < sensor.pair_count; ++i) {
    const Pair& pair = impl_->pairs[sensor.first_pair + i];
    if (impl_->rule(pair).name == name) return impl_->cut_window(pair);
  }
  return std::nullopt;
}

std::int64_t recall_ms(const AlertSettings& settings, TopicMatch matches, const std::string& sensor) {
  std::int64_t span_ms = 0;
  for (const Rule& rule : settings.rules) {
    if (matches(rule.sensor, sensor)) span_ms = std::max(span_ms, rule.history_ms());
  }
  return span_ms;
}

}  // namespace sluice
