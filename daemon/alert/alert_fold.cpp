#include "alert/alert_fold.h"

#include "alert/alert_fold_impl.h"
#include "alert/condition.h"
#include "base/check.h"
#include "model/newest.h"

namespace sluice {

namespace {

constexpr std::int64_t kWeekMs = 7 * 86400000ll;
// The wall clock steps; what is less it is slewed by, and no delay is so exact.
constexpr std::int64_t kStepMs = 1000;
constexpr std::uint32_t kNobody = std::numeric_limits<std::uint32_t>::max();

// Stream time at which subscribed time reaches (or reached) `subscribed_ms`, were we subscribed all along.
std::int64_t stream_of(std::int64_t subscribed_ms, const FoldTime& time) {
  return time.stream_ms - (time.subscribed_ms - subscribed_ms);
}

}  // namespace

SensorState& AlertFold::Impl::sensor_of(SensorId id) {
  SLUICE_CHECK(id < index.size() && index[id] != kNobody, "a sensor is added before it is used");
  return sensors[index[id]];
}

// An absence counts from now: its deadline is queued, unless an earlier one is.
void AlertFold::Impl::await(std::uint32_t i) {
  Pair& pair = pairs[i];
  if (pair.in_queue) return;
  const bool silent = rule(pair).kind == ConditionKind::kSilentFor;
  const std::int64_t when_ms = silent ? silent_deadline(pair) : missing_deadline(pair);
  if (when_ms == kNever) return;
  pair.in_queue = true;
  (silent ? silent_queue : missing_queue).push({when_ms, i});
}

void AlertFold::Impl::run_silent() {
  const auto [when_ms, i] = silent_queue.top();
  silent_queue.pop();
  Pair& pair = pairs[i];
  pair.in_queue = false;
  if (pair.state.toward > 0) return;
  const std::int64_t deadline_ms = silent_deadline(pair);
  if (deadline_ms > when_ms) return await(i);
  const SensorState& sensor = sensors[pair.sensor];
  pair.state.call_for(rule(pair), 1, stream_of(deadline_ms, now) + now.wall_minus_stream_ms, now.stream_ms,
                      nullptr);
  mark(i);
  // It is the absence that is told of: what is known of the last reading does not matter.
  const std::uint32_t doubts = doubts_of_now();
  if (pair.state.moving()) complete_move(i, pair.state.move_since_ms, sensor.value, doubts);
  schedule(i);
}

void AlertFold::Impl::run_missing() {
  const auto [when_ms, i] = missing_queue.top();
  missing_queue.pop();
  Pair& pair = pairs[i];
  pair.in_queue = false;
  if (pair.state.toward > 0) return;
  const std::int64_t deadline_ms = missing_deadline(pair);
  if (deadline_ms > when_ms || !now.connected) {
    // Not subscribed: it will count from the next connection, which is later.
    pair.in_queue = true;
    missing_queue.push({now.connected ? deadline_ms : now.stream_ms + rule(pair).window.count(), i});
    return;
  }
  pair.state.call_for(rule(pair), 1, deadline_ms - rule(pair).hold.count() + now.wall_minus_stream_ms,
                      now.stream_ms, nullptr);
  mark(i);
  if (pair.state.moving()) {
    complete_move(i, deadline_ms + now.wall_minus_stream_ms, missing_ratio(pair), doubts_of_now());
  }
  schedule(i);
}

// Hours begin or end, or a silence does.
void AlertFold::Impl::run_wall(std::int64_t wall_ms) {
  telling.move_to(wall_ms);
  for (std::uint64_t id : telling.take_ended()) {
    Silence silence;
    silence.id = id;
    silences.push_back({silence, true});
  }
  tell_untold(wall_ms, 0);
}

// `before`: the sensor's newest before this reading.
void AlertFold::Impl::hear(std::uint32_t i, const Reading& reading, std::uint32_t doubts, Newest before) {
  const Rule& r = rule(pairs[i]);
  const bool copy = reading.flags & kCopies;
  if (copy && ((reading.flags & kCopies & ~r.accept) || is_absence(r.kind))) return;
  const auto known = r.accept & kCopies ? copies.find(i) : copies.end();
  if (known != copies.end()) before = known->second;
  const bool newest = is_newest(reading, before.time_ms);
  // The grid of `every` goes by what is no copy.
  if (newest && r.every.count() == 0 && (copy || known != copies.end())) {
    mark(i);
    if (copy)
      copies[i] = {reading.time_ms, reading.value, doubts};
    else
      copies.erase(known);
  }
  if (newest && (!copy || r.every.count() == 0) && std::exchange(pairs[i].open, 0) != 0) mark(i);
  react(i, reading, doubts, newest, before);
}

void AlertFold::Impl::react(std::uint32_t i, const Reading& reading, std::uint32_t doubts, bool newest,
                            const Newest& before) {
  const Rule& r = rule(pairs[i]);
  if (is_absence(r.kind)) {
    if (pairs[i].state.toward > 0) {
      const bool enough = r.kind == ConditionKind::kSilentFor || missing_ratio(pairs[i]) <= r.high;
      if (enough)
        observe(i, reading.arrival_ms,
                r.kind == ConditionKind::kSilentFor ? reading.value : missing_ratio(pairs[i]), doubts,
                before);
    }
    if (pairs[i].state.toward == 0) await(i);
    return;
  }
  if (r.measure == Measure::kValue) {
    if (newest) observe(i, reading.time_ms, reading.value, doubts, before);
  } else if (r.every.count() > 0) {
    if (newest && (reading.flags & kCopies) == 0) look_at_grid(i, before.time_ms, doubts);
  } else {
    const std::int64_t at_ms = newest ? reading.time_ms : before.time_ms;
    if (auto value = judge(pairs[i], at_ms)) observe(i, at_ms, *value, doubts, before);
  }
}

AlertFold::AlertFold(AlertSettings settings, TopicMatch matches, std::optional<Calendar> calendar)
    : impl_(std::make_unique<Impl>(std::move(settings), matches, std::move(calendar))) {
  for (const Rule& rule : impl_->settings.rules) impl_->digests.push_back(rule.digest());
}

AlertFold::~AlertFold() = default;

void AlertFold::add_sensor(const SensorFacts& facts, const SensorLast* last) {
  Impl& fold = *impl_;
  auto sensor_index = static_cast<std::uint32_t>(fold.sensors.size());
  if (facts.id >= fold.index.size()) fold.index.resize(facts.id + 1, kNobody);
  SLUICE_CHECK(fold.index[facts.id] == kNobody, "a sensor is added once");
  fold.index[facts.id] = sensor_index;
  SensorState& sensor = fold.sensors.emplace_back();
  sensor.facts = facts;
  sensor.heard = last != nullptr && last->time_ms != 0;
  if (last != nullptr) sensor.subscribed_ms = last->subscribed_ms;
  if (sensor.heard) {
    sensor.time_ms = last->time_ms;
    sensor.value = last->value;
    sensor.lag_ms = last->lag_ms;
    sensor.doubts = last->flags & kDoubtful;
    if (last->lag_ms > fold.settings.max_age.count() || (last->flags & kLateInput)) sensor.doubts |= kLate;
  }
  sensor.first_pair = static_cast<std::uint32_t>(fold.pairs.size());
  std::int64_t span_ms = 0;
  for (std::size_t r = 0; r < fold.settings.rules.size(); ++r) {
    const Rule& rule = fold.settings.rules[r];
    if (!fold.matches(rule.sensor, *facts.name)) continue;
    if (rule.kind == ConditionKind::kMissingRatio && facts.every_ms == 0) continue;
    if (is_absence(rule.kind) && !facts.expected) continue;
    std::int64_t& back_ms = rule.kind == ConditionKind::kMissingRatio ? sensor.arrivals_ms : span_ms;
    back_ms = std::max(back_ms, rule.history_ms());
    sensor.accepts |= rule.accept;
    Pair& pair = fold.pairs.emplace_back();
    pair.rule = static_cast<std::uint32_t>(r);
    pair.sensor = sensor_index;
  }
  sensor.pair_count = static_cast<std::uint32_t>(fold.pairs.size()) - sensor.first_pair;
  if (span_ms > 0) sensor.history = std::make_unique<SensorHistory>(span_ms, fold.settings.window_samples);
}

void AlertFold::recall(const RecentReading& recent) {
  const Reading& reading = recent.reading;
  SensorState& sensor = impl_->sensor_of(reading.sensor);
  const bool copy = reading.flags & kCopies;
  // Two messages of one millisecond make one derived reading: stored rows do not tell them apart.
  std::deque<std::int64_t>& arrivals = sensor.arrivals;
  const bool again = sensor.facts.derived && !arrivals.empty() && arrivals.back() == recent.arrival_stream_ms;
  if (!copy && !again && sensor.arrivals_ms > 0) {
    // By arrival, so that no clock's step makes readings missing.
    arrivals.push_back(recent.arrival_stream_ms);
    while (arrivals.front() <= arrivals.back() - sensor.arrivals_ms ||
           arrivals.size() > impl_->settings.window_samples) {
      arrivals.pop_front();
    }
  }
  if (!sensor.history || (reading.flags & kCopies & ~sensor.accepts)) return;
  Sample sample;
  sample.time_ms = reading.time_ms;
  sample.value = reading.value;
  sample.arrival_ms = recent.arrival_stream_ms;
  sample.flags = reading.flags & 0xff;
  if (!copy) sensor.history->forget_later(latest_before_ms(reading));
  sensor.facts.derived ? sensor.history->put(sample) : sensor.history->add(sample);
}

void AlertFold::restore(const std::vector<RuleState>& states, const std::vector<Silence>& silences,
                        const FoldTime& time, const std::vector<AlertEvent>& standing) {
  Impl& fold = *impl_;
  fold.now = time;
  std::unordered_map<std::string_view, const AlertEvent*> told;
  for (const AlertEvent& event : standing) told[event.id] = &event;
  for (const RuleState& state : states) {
    if (state.sensor == kGatewaySensor) continue;
    const SensorState& sensor = fold.sensor_of(state.sensor);
    const auto found =
        state.phase != RuleState::Phase::kFiring
            ? told.end()
            : told.find(alert_id(fold.settings.gateway, state.rule, *sensor.facts.name, state.since_ms));
    const AlertEvent* stands = found == told.end() ? nullptr : found->second;
    std::uint32_t i = sensor.first_pair;
    const std::uint32_t end = i + sensor.pair_count;
    while (i < end && fold.rule(fold.pairs[i]).name != state.rule) ++i;
    if (i < end && sensor.facts.expected && fold.digests[fold.pairs[i].rule] == state.rule_digest) {
      fold.resume(i, state, stands);
    } else {
      fold.retire(state, sensor.facts, time, stands);
    }
  }
  for (const Silence& silence : silences) fold.telling.add(silence);
  fold.telling.move_to(time.wall_ms());
  for (std::uint32_t i = 0; i < fold.pairs.size(); ++i) {
    const SensorState& sensor = fold.sensors[fold.pairs[i].sensor];
    const ConditionKind kind = fold.rule(fold.pairs[i]).kind;
    const bool silent = kind == ConditionKind::kSilentFor && (sensor.heard || sensor.facts.registered);
    const bool missing = kind == ConditionKind::kMissingRatio && (sensor.heard || sensor.facts.registered);
    if (silent || missing) fold.await(i);
  }
}

// A delay goes on over a step of the wall clock: when it began is told in the new time, unless the sensor has
// a clock of its own, that did not step with ours.
void AlertFold::Impl::take_time(const FoldTime& time) {
  const std::int64_t step_ms = time.wall_minus_stream_ms - now.wall_minus_stream_ms;
  now = time;
  if (std::abs(step_ms) < kStepMs) return;
  for (std::uint32_t i = 0; i < pairs.size(); ++i) {
    Pair& pair = pairs[i];
    const auto changed_at = flaps.find(i);
    if (!pair.state.moving() && changed_at == flaps.end()) continue;
    if (!is_absence(rule(pair).kind) && std::abs(sensors[pair.sensor].lag_ms) > std::abs(step_ms) / 2)
      continue;
    if (pair.state.moving()) pair.state.move_since_ms += step_ms;
    if (const auto steps = further.find(i); steps != further.end()) {
      for (LevelStep& step : steps->second) step.since_ms += step_ms;
    }
    if (changed_at != flaps.end()) {
      for (std::int64_t& time_ms : changed_at->second) time_ms += step_ms;
    }
    mark(i);
  }
  if (step_ms < 0) run_wall(time.wall_ms());  // perhaps to before hours began or ended
}

void AlertFold::advance(const FoldTime& time) {
  Impl& fold = *impl_;
  fold.take_time(time);
  if (time.wall_ms() < fold.telling.moved_to_ms()) fold.telling.move_to(time.wall_ms());
  for (;;) {
    const std::int64_t due_at = fold.due.empty() ? kNever : fold.due.begin()->first;
    const std::int64_t silent_at =
        fold.silent_queue.empty() ? kNever : stream_of(fold.silent_queue.top().when_ms, time);
    const std::int64_t missing_at = fold.missing_queue.empty() ? kNever : fold.missing_queue.top().when_ms;
    const std::int64_t wall = fold.telling.next_change_wall_ms();
    const std::int64_t wall_at = wall == kNever ? kNever : wall - time.wall_minus_stream_ms;
    const std::int64_t first = std::min({due_at, silent_at, missing_at, wall_at});
    if (first > time.stream_ms) return;
    if (first == wall_at) {
      // After a long absence, or when the clock is set, only what holds now matters.
      fold.run_wall(time.wall_ms() - wall > kWeekMs ? time.wall_ms() : wall);
    } else if (first == due_at) {
      fold.run_due(fold.due.begin()->second, due_at);
    } else if (first == silent_at) {
      fold.run_silent();
    } else {
      fold.run_missing();
    }
  }
}

void AlertFold::on_reading(const Reading& reading, const FoldTime& time) {
  Impl& fold = *impl_;
  fold.now = time;
  SensorState& sensor = fold.sensor_of(reading.sensor);
  const bool copy = reading.flags & kCopies;
  if (copy && !(reading.flags & sensor.accepts)) return;
  std::uint32_t doubts = reading.flags & kDoubtful;
  const bool late = reading.arrival_ms - reading.time_ms > fold.settings.max_age.count();
  if (late || (reading.flags & kLateInput)) doubts |= kLate;
  const bool newest = is_newest(reading, sensor.time_ms);
  const Newest before{sensor.time_ms, sensor.value, sensor.doubts};
  recall({reading, time.stream_ms});
  if (!copy) {
    sensor.heard = true;
    sensor.subscribed_ms = time.subscribed_ms;
    if (newest) {
      sensor.time_ms = reading.time_ms;
      sensor.value = reading.value;
      sensor.doubts = doubts;
      sensor.lag_ms = reading.arrival_ms - reading.time_ms;
    }
  }
  const std::uint32_t end = sensor.first_pair + sensor.pair_count;
  for (std::uint32_t i = sensor.first_pair; i < end; ++i) fold.hear(i, reading, doubts, before);
}

void AlertFold::on_backlog_end(const FoldTime& time) {
  impl_->now = time;
  impl_->now.backlog = false;
  impl_->tell_untold(time.wall_ms(), kQueued | kLate);
}

void AlertFold::on_clock_trusted(const FoldTime& time) {
  impl_->now = time;
  impl_->now.clock_trusted = true;
  impl_->tell_untold(time.wall_ms(), kLate | kClockUnset | (time.backlog ? 0u : std::uint32_t{kQueued}));
}

void AlertFold::on_silence(const Silence& silence) {
  if (impl_->telling.add(silence)) impl_->silences.push_back({silence, false});
}

void AlertFold::on_unsilence(std::uint64_t id, const FoldTime& time) {
  impl_->now = time;
  if (impl_->telling.end(id)) impl_->run_wall(time.wall_ms());
}

std::optional<std::int64_t> AlertFold::next_deadline_stream_ms(const FoldTime& time) const {
  const Impl& fold = *impl_;
  std::int64_t next = fold.due.empty() ? kNever : fold.due.begin()->first;
  if (time.connected && !fold.silent_queue.empty()) {
    next = std::min(next, stream_of(fold.silent_queue.top().when_ms, time));
  }
  if (time.connected && !fold.missing_queue.empty()) next = std::min(next, fold.missing_queue.top().when_ms);
  if (const std::int64_t wall = fold.telling.next_change_wall_ms(); wall != kNever) {
    next = std::min(next, wall - time.wall_minus_stream_ms);
  }
  if (next == kNever) return std::nullopt;
  return next;
}

std::vector<AlertEvent> AlertFold::take_events() {
  return std::exchange(impl_->events, {});
}

std::vector<RuleState> AlertFold::take_changed() {
  Impl& fold = *impl_;
  std::vector<RuleState> states = std::exchange(fold.retired, {});
  for (std::uint32_t i : fold.changed) {
    fold.pairs[i].changed = false;
    states.push_back(fold.state_of(i));
  }
  fold.changed.clear();
  return states;
}

std::vector<SilenceChange> AlertFold::take_silences() {
  return std::exchange(impl_->silences, {});
}

std::vector<AlertEvent> AlertFold::standing() const {
  std::vector<AlertEvent> events;
  for (std::uint32_t i = 0; i < impl_->pairs.size(); ++i) {
    const Steadiness& state = impl_->pairs[i].state;
    if (state.level > 0 && state.told_level > 0) events.push_back(impl_->standing_event(i, state.told_level));
  }
  return events;
}

std::vector<KeptBack> AlertFold::kept_back() const {
  std::vector<KeptBack> kept;
  for (std::uint32_t i = 0; i < impl_->pairs.size(); ++i) {
    if (impl_->pairs[i].state.level == 0) continue;
    if (auto found = impl_->kept_back(i)) kept.push_back(std::move(*found));
  }
  return kept;
}

const std::vector<Silence>& AlertFold::silences() const {
  return impl_->telling.silences();
}

std::vector<RuleState> AlertFold::states() const {
  std::vector<RuleState> states;
  for (std::uint32_t i = 0; i < impl_->pairs.size(); ++i) {
    RuleState state = impl_->state_of(i);
    if (!state.forgettable()) states.push_back(std::move(state));
  }
  return states;
}

std::size_t AlertFold::firing() const {
  return impl_->firing_count;
}
std::size_t AlertFold::pairs() const {
  return impl_->pairs.size();
}
std::uint64_t AlertFold::not_finite() const {
  return impl_->not_finite;
}

}  // namespace sluice
