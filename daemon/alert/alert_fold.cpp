#include "alert/alert_fold.h"

#include <algorithm>
#include <limits>
#include <queue>
#include <unordered_map>

#include "alert/evaluator.h"
#include "alert/message_template.h"
#include "base/check.h"

namespace sluice {

namespace {

using Phase = RuleState::Phase;

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

std::uint32_t quiet_if(bool quiet) {
  return quiet ? std::uint32_t{kQuiet} : 0u;
}

struct Pair {
  std::uint32_t rule = 0;
  std::uint32_t sensor = 0;  // index, not id
  Phase phase = Phase::kIdle;
  bool notified = false;
  bool changed = false;   // since take_changed()
  bool in_queue = false;  // has its one entry in a deadline queue
  std::int64_t since_ms = 0;
  std::int64_t deadline_ms = kNever;  // pending: stream time
  double value = 0;
};

struct Sensor {
  SensorFacts facts;
  std::int64_t time_ms = std::numeric_limits<std::int64_t>::min();
  double value = 0;
  std::int64_t subscribed_ms = 0;  // when it was last heard
  bool fresh = true;               // the newest reading may be told of
  std::vector<std::uint32_t> pairs;
};

// A pair has at most one entry in its queue; when that comes up the true deadline is looked at, and queued
// again if it has moved (also if it is due by now: others may be due before). Deadlines of a pair only ever
// move later, so none is missed, and the queue is bounded by the pairs.
struct Entry {
  std::int64_t when_ms;
  std::uint32_t pair;
  bool operator>(const Entry& other) const {
    return when_ms != other.when_ms ? when_ms > other.when_ms : pair > other.pair;
  }
};
using Queue = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;

}  // namespace

struct AlertFold::Impl {
  AlertSettings settings;
  TopicMatch matches;
  std::vector<std::string> digests;  // of settings.rules
  std::vector<Sensor> sensors;
  std::unordered_map<SensorId, std::uint32_t> index;  // of sensors
  std::vector<Pair> pairs;
  Queue hold_queue;    // stream time
  Queue silent_queue;  // subscribed time
  std::vector<AlertEvent> events;
  std::vector<std::uint32_t> changed;
  std::vector<RuleState> retired;  // since take_changed()
  std::size_t firing_count = 0;

  const Rule& rule(const Pair& pair) const { return settings.rules[pair.rule]; }

  bool is_old(std::uint32_t reading_flags, std::int64_t lag_ms) const {
    return (reading_flags & kQueued) || lag_ms > settings.max_age.count();
  }

  std::int64_t silent_deadline(const Pair& pair) const {
    return sensors[pair.sensor].subscribed_ms + rule(pair).silent_for.count() + rule(pair).hold.count();
  }

  void enqueue(std::uint32_t index_of_pair, std::int64_t when_ms) {
    Pair& pair = pairs[index_of_pair];
    if (pair.in_queue) return;
    pair.in_queue = true;
    (rule(pair).kind == ConditionKind::kSilentFor ? silent_queue : hold_queue).push({when_ms, index_of_pair});
  }

  void mark(std::uint32_t index_of_pair) {
    if (!pairs[index_of_pair].changed) changed.push_back(index_of_pair);
    pairs[index_of_pair].changed = true;
  }

  AlertEvent event_of(const Pair& pair, AlertState state, std::int64_t at_ms, std::uint32_t flags) const {
    const Rule& r = rule(pair);
    const SensorFacts& facts = sensors[pair.sensor].facts;
    AlertEvent event;
    event.id = alert_id(settings.gateway, r.name, *facts.name, pair.since_ms);
    event.alert = r.name;
    event.sensor = *facts.name;
    event.state = state;
    event.severity = r.severity;
    event.value = pair.value;
    event.threshold = threshold_of(r, pair.value);
    event.unit = *facts.unit;
    event.labels = *facts.labels;
    event.since_ms = pair.since_ms;
    event.at_ms = at_ms;
    event.flags = flags;
    event.channels = r.notify;
    event.message = render_message(r.message, event);
    return event;
  }

  void fire(std::uint32_t i, std::int64_t since_ms, bool quiet) {
    Pair& pair = pairs[i];
    pair.phase = Phase::kFiring;
    pair.since_ms = since_ms;
    pair.deadline_ms = kNever;
    pair.notified = !quiet;
    ++firing_count;
    mark(i);
    events.push_back(event_of(pair, AlertState::kFiring, since_ms, quiet_if(quiet)));
  }

  void resolve(std::uint32_t i, std::int64_t at_ms, std::uint32_t flags) {
    Pair& pair = pairs[i];
    events.push_back(event_of(pair, AlertState::kResolved, at_ms, flags | quiet_if(!pair.notified)));
    pair.phase = Phase::kIdle;
    pair.notified = false;
    --firing_count;
    mark(i);
  }

  void tell_standing(std::uint32_t i, std::int64_t at_ms) {
    pairs[i].notified = true;
    mark(i);
    events.push_back(event_of(pairs[i], AlertState::kFiring, at_ms, kStanding));
  }

  void become_pending(std::uint32_t i, std::int64_t since_ms, std::int64_t deadline_ms) {
    Pair& pair = pairs[i];
    pair.phase = Phase::kPending;
    pair.since_ms = since_ms;
    pair.deadline_ms = deadline_ms;
    mark(i);
    enqueue(i, deadline_ms);
  }

  void run_hold_deadline(const FoldTime& time) {
    const auto [when_ms, i] = hold_queue.top();
    hold_queue.pop();
    Pair& pair = pairs[i];
    pair.in_queue = false;
    if (pair.phase != Phase::kPending) return;
    if (pair.deadline_ms > when_ms) return enqueue(i, pair.deadline_ms);
    fire(i, pair.since_ms + rule(pair).hold.count(), !sensors[pair.sensor].fresh || time.backlog);
  }

  void run_silent_deadline(const FoldTime& time) {
    const auto [when_ms, i] = silent_queue.top();
    silent_queue.pop();
    Pair& pair = pairs[i];
    pair.in_queue = false;
    if (pair.phase == Phase::kFiring) return;
    std::int64_t deadline_ms = silent_deadline(pair);
    if (deadline_ms > when_ms) return enqueue(i, deadline_ms);
    pair.value = sensors[pair.sensor].value;
    fire(i, stream_of(deadline_ms, time) + time.wall_minus_stream_ms, time.backlog);
  }

  // Stream time at which subscribed time reaches (or reached) `subscribed_ms`, were we subscribed all along.
  static std::int64_t stream_of(std::int64_t subscribed_ms, const FoldTime& time) {
    return time.stream_ms - (time.subscribed_ms - subscribed_ms);
  }

  RuleState state_of(const Pair& pair) const {
    RuleState state;
    state.rule = rule(pair).name;
    state.sensor = sensors[pair.sensor].facts.id;
    state.phase = pair.phase;
    state.since_ms = pair.since_ms;
    state.deadline_ms = pair.phase == Phase::kPending ? pair.deadline_ms : 0;
    state.notified = pair.notified;
    state.value = pair.value;
    state.rule_digest = digests[pair.rule];
    return state;
  }

  // The rule has gone, or is another one under the same name: its alert ends now.
  void retire(RuleState state, const SensorFacts& facts, const FoldTime& time) {
    if (state.phase == Phase::kFiring) {
      AlertEvent event;
      event.id = alert_id(settings.gateway, state.rule, *facts.name, state.since_ms);
      event.alert = state.rule;
      event.sensor = *facts.name;
      event.state = AlertState::kResolved;
      event.value = state.value;
      event.unit = *facts.unit;
      event.labels = *facts.labels;
      event.since_ms = state.since_ms;
      event.at_ms = time.stream_ms + time.wall_minus_stream_ms;
      event.message = "the rule was removed or changed";
      event.flags = kRuleRemoved | quiet_if(!state.notified);
      events.push_back(std::move(event));
    }
    state.phase = Phase::kIdle;
    retired.push_back(std::move(state));
  }

  // A pair goes on where its stored state ended.
  void resume(std::uint32_t i, const RuleState& state) {
    Pair& pair = pairs[i];
    pair.phase = state.phase;
    pair.since_ms = state.since_ms;
    pair.notified = state.notified;
    // The stored value is the transition's; what counts now is the newest.
    pair.value = rule(pair).kind == ConditionKind::kSilentFor ? state.value : sensors[pair.sensor].value;
    if (state.phase == Phase::kFiring) ++firing_count;
    if (state.phase == Phase::kPending) {
      pair.deadline_ms = state.deadline_ms;
      enqueue(i, state.deadline_ms);
    }
  }

  void on_value(std::uint32_t i, const Reading& reading, const FoldTime& time, bool quiet) {
    Pair& pair = pairs[i];
    const Rule& r = rule(pair);
    if (pair.phase == Phase::kPending && reading.time_ms >= pair.since_ms + r.hold.count()) {
      // In the sensor's own time the deadline passed before this reading: a backlog gives what live delivery
      // would.
      fire(i, pair.since_ms + r.hold.count(), quiet);
    }
    switch (pair.phase) {
      case Phase::kIdle:
        if (!condition_holds(r, reading.value)) return;
        pair.value = reading.value;
        if (r.hold.count() == 0) return fire(i, reading.time_ms, quiet);
        return become_pending(i, reading.time_ms, time.stream_ms + r.hold.count());
      case Phase::kPending:
        if (condition_holds(r, reading.value)) {
          pair.value = reading.value;
        } else {
          pair.phase = Phase::kIdle;
          mark(i);
        }
        return;
      case Phase::kFiring:
        pair.value = reading.value;
        if (condition_clears(r, reading.value)) {
          resolve(i, reading.time_ms, 0);
        } else if (!pair.notified && !quiet) {
          tell_standing(i, reading.time_ms);
        }
        return;
    }
  }
};

AlertFold::AlertFold(AlertSettings settings, TopicMatch matches) : impl_(std::make_unique<Impl>()) {
  impl_->settings = std::move(settings);
  impl_->matches = matches;
  for (const Rule& rule : impl_->settings.rules) impl_->digests.push_back(rule.digest());
}

AlertFold::~AlertFold() = default;

void AlertFold::add_sensor(const SensorFacts& facts, const SensorLast* last) {
  Impl& fold = *impl_;
  auto sensor_index = static_cast<std::uint32_t>(fold.sensors.size());
  SLUICE_CHECK(fold.index.emplace(facts.id, sensor_index).second, "a sensor is added once");
  Sensor& sensor = fold.sensors.emplace_back();
  sensor.facts = facts;
  const bool heard = last != nullptr && last->time_ms != 0;
  if (heard) {
    sensor.time_ms = last->time_ms;
    sensor.value = last->value;
    sensor.fresh = !fold.is_old(last->flags, last->lag_ms);
    sensor.subscribed_ms = last->subscribed_ms;
  }
  for (std::size_t r = 0; r < fold.settings.rules.size(); ++r) {
    const Rule& rule = fold.settings.rules[r];
    if (!fold.matches(rule.sensor, *facts.name)) continue;
    Pair pair;
    pair.rule = static_cast<std::uint32_t>(r);
    pair.sensor = sensor_index;
    auto i = static_cast<std::uint32_t>(fold.pairs.size());
    fold.pairs.push_back(pair);
    fold.sensors[sensor_index].pairs.push_back(i);
    if (rule.kind == ConditionKind::kSilentFor && heard) fold.enqueue(i, fold.silent_deadline(pair));
  }
}

void AlertFold::restore(const std::vector<RuleState>& states, const FoldTime& time) {
  Impl& fold = *impl_;
  for (const RuleState& state : states) {
    auto found = fold.index.find(state.sensor);
    SLUICE_CHECK(found != fold.index.end(), "a rule's state belongs to a known sensor");
    const Sensor& sensor = fold.sensors[found->second];
    auto pair = std::find_if(sensor.pairs.begin(), sensor.pairs.end(),
                             [&](std::uint32_t i) { return fold.rule(fold.pairs[i]).name == state.rule; });
    if (pair != sensor.pairs.end() && fold.digests[fold.pairs[*pair].rule] == state.rule_digest) {
      fold.resume(*pair, state);
    } else {
      fold.retire(state, sensor.facts, time);
    }
  }
}

void AlertFold::advance(const FoldTime& time) {
  Impl& fold = *impl_;
  for (;;) {
    std::int64_t hold_at = fold.hold_queue.empty() ? kNever : fold.hold_queue.top().when_ms;
    std::int64_t silent_at =
        fold.silent_queue.empty() ? kNever : Impl::stream_of(fold.silent_queue.top().when_ms, time);
    if (std::min(hold_at, silent_at) > time.stream_ms) return;
    if (hold_at <= silent_at) {
      fold.run_hold_deadline(time);
    } else {
      fold.run_silent_deadline(time);
    }
  }
}

void AlertFold::on_reading(const Reading& reading, const FoldTime& time) {
  Impl& fold = *impl_;
  if (reading.flags & (kRetained | kDuplicate)) return;
  Sensor& sensor = fold.sensors[fold.index.at(reading.sensor)];
  sensor.subscribed_ms = time.subscribed_ms;
  const bool quiet = fold.is_old(reading.flags, reading.arrival_ms - reading.time_ms);
  // Without a time of its own the newest is the one that came last, also after the clock was set back.
  const bool newest = reading.time_ms >= sensor.time_ms || (reading.flags & kPayloadTime) == 0;
  if (newest) {
    sensor.time_ms = reading.time_ms;
    sensor.value = reading.value;
    sensor.fresh = !quiet;
  }
  for (std::uint32_t i : sensor.pairs) {
    if (fold.rule(fold.pairs[i]).kind != ConditionKind::kSilentFor) {
      if (newest) fold.on_value(i, reading, time, quiet);
    } else {
      if (fold.pairs[i].phase == Phase::kFiring) {
        fold.pairs[i].value = reading.value;
        fold.resolve(i, reading.arrival_ms, 0);
      }
      fold.enqueue(i, fold.silent_deadline(fold.pairs[i]));
    }
  }
}

void AlertFold::on_backlog_end(const FoldTime& time) {
  for (std::uint32_t i = 0; i < impl_->pairs.size(); ++i) {
    const Pair& pair = impl_->pairs[i];
    if (pair.phase == Phase::kFiring && !pair.notified) {
      impl_->tell_standing(i, time.stream_ms + time.wall_minus_stream_ms);
    }
  }
}

std::optional<std::int64_t> AlertFold::next_deadline_stream_ms(const FoldTime& time) const {
  std::int64_t next = impl_->hold_queue.empty() ? kNever : impl_->hold_queue.top().when_ms;
  if (time.connected && !impl_->silent_queue.empty()) {
    next = std::min(next, Impl::stream_of(impl_->silent_queue.top().when_ms, time));
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
    states.push_back(fold.state_of(fold.pairs[i]));
  }
  fold.changed.clear();
  return states;
}

std::vector<AlertEvent> AlertFold::standing() const {
  std::vector<AlertEvent> events;
  for (const Pair& pair : impl_->pairs) {
    if (pair.phase == Phase::kFiring && pair.notified) {
      events.push_back(impl_->event_of(pair, AlertState::kFiring, pair.since_ms, 0));
    }
  }
  return events;
}

std::vector<RuleState> AlertFold::states() const {
  std::vector<RuleState> states;
  for (const Pair& pair : impl_->pairs) {
    if (pair.phase != Phase::kIdle) states.push_back(impl_->state_of(pair));
  }
  return states;
}

std::size_t AlertFold::firing() const {
  return impl_->firing_count;
}
std::size_t AlertFold::pairs() const {
  return impl_->pairs.size();
}

}  // namespace sluice
