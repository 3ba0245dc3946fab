#include <cmath>

#include "alert/alert_fold_impl.h"
#include "alert/condition.h"
#include "alert/message_template.h"
#include "model/newest.h"

namespace sluice {

namespace {

using Phase = RuleState::Phase;

std::uint32_t quiet_if(bool quiet) {
  return quiet ? std::uint32_t{kQuiet} : 0u;
}

// What an event says of the reading behind it.
std::uint32_t provenance_of(std::uint32_t doubts) {
  std::uint32_t flags = 0;
  if (doubts & kQueued) flags |= kFromQueued;
  if (doubts & kLate) flags |= kFromLate;
  if (doubts & kRetained) flags |= kFromRetained;
  if (doubts & kDuplicate) flags |= kFromDuplicate;
  if (doubts & kClockUnset) flags |= kClockWasUnset;
  return flags;
}

}  // namespace

std::uint32_t AlertFold::Impl::doubts_of_now() const {
  return (now.backlog ? std::uint32_t{kQueued} : 0u) | (now.clock_trusted ? 0u : std::uint32_t{kClockUnset});
}

// Of a deadline: nothing has arrived for it, so the newest reading speaks, and the connection. Of an absence
// the newest reading, which was before it, says nothing.
std::uint32_t AlertFold::Impl::doubts_of(const Pair& pair) const {
  if (is_absence(rule(pair).kind)) return doubts_of_now();
  return (newest_of(pair).doubts & ~pair.open) | doubts_of_now();
}

void AlertFold::Impl::mark(std::uint32_t i) {
  if (!pairs[i].changed) changed.push_back(i);
  pairs[i].changed = true;
}

// Keeps the one entry of a pair in `due` true.
void AlertFold::Impl::schedule(std::uint32_t i) {
  Pair& pair = pairs[i];
  std::int64_t next = pair.state.moving() ? pair.state.move_due_ms : kNever;
  if (pair.state.level > 0 && rule(pair).repeat.count() > 0 && pair.state.told_level > 0) {
    next = std::min(next, pair.state.told_ms + rule(pair).repeat.count());
  }
  if (next == pair.due_ms) return;
  if (pair.due_ms != kNever) due.erase({pair.due_ms, i});
  if (next != kNever) due.insert({next, i});
  pair.due_ms = next;
}

// Fired and resolved as often as `flap` allows, within its time?
bool AlertFold::Impl::flaps_at(std::uint32_t i, std::int64_t at_ms) {
  const Rule& r = rule(pairs[i]);
  if (r.flap_changes == 0) return false;
  std::vector<std::int64_t>& times = flaps[i];
  times.push_back(at_ms);
  if (times.size() > static_cast<std::size_t>(r.flap_changes)) times.erase(times.begin());
  if (times.size() < static_cast<std::size_t>(r.flap_changes)) return false;
  // Not all in order: a deadline can be ahead of the sensor's own time.
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  return *last - *first <= r.flap_within.count();
}

AlertEvent AlertFold::Impl::event_of(std::uint32_t i, AlertState state, double value, std::int64_t at_ms,
                                     std::uint32_t flags, std::uint8_t level) const {
  const Pair& pair = pairs[i];
  if (!std::isfinite(value)) value = rule(pair).measure == Measure::kRate ? 0 : newest_of(pair).value;
  AlertEvent event =
      telling.event_of(rule(pair), sensors[pair.sensor].facts, pair.state, level, value, at_ms);
  event.state = state;
  event.flags |= flags;
  if (auto others = formerly.find(i); others != formerly.end()) {
    std::vector<std::string>& told = state == AlertState::kFiring ? event.formerly : event.channels;
    told.insert(told.end(), others->second.begin(), others->second.end());
  }
  event.message = render_message(rule(pair).message, event);
  return event;
}

// The pair is at the level that it moved to.
void AlertFold::Impl::complete_move(std::uint32_t i, std::int64_t at_ms, double value, std::uint32_t doubts) {
  Pair& pair = pairs[i];
  Steadiness& state = pair.state;
  const Rule& r = rule(pair);
  const SensorFacts& facts = sensors[pair.sensor].facts;
  const bool began = state.level == 0;
  const bool ends = state.toward == 0;
  const std::uint8_t old_level = std::exchange(state.level, state.toward);
  if (began) {
    state.since_ms = at_ms;
    state.since_estimated = doubts & kClockUnset;
  }
  const bool flaps = (began || ends) && flaps_at(i, at_ms);
  mark(i);
  if (const auto steps = further.find(i); steps != further.end()) {
    state.take_next(steps->second);
    if (steps->second.empty()) further.erase(steps);
  }
  std::uint32_t flags = provenance_of(doubts);
  if (ends) {
    --firing_count;
    // The event is of the level that they know, if anybody knows of one.
    events.push_back(event_of(i, AlertState::kResolved, value, at_ms, flags | quiet_if(state.told_level == 0),
                              state.told_level > 0 ? state.told_level : old_level));
    state.told_level = 0;
    state.flapping = false;
    pair.open = 0;
    formerly.erase(i);
    return;
  }
  if (began) ++firing_count;
  if (began && flaps) state.flapping = true;
  if (state.flapping) flags |= kFlapping;
  if (!began) flags |= kNewLevel;
  const std::uint32_t hushed = telling.hush(pair.rule, facts);
  const bool open = (doubts & kDoubtful & ~r.accept) == 0 && hushed == 0;
  events.push_back(
      event_of(i, AlertState::kFiring, value, at_ms, flags | hushed | quiet_if(!open), state.level));
  if (!open) return;
  state.told_level = state.level;
  state.told_ms = now.stream_ms;
}

// Of an alert that stands, as of one at `level`.
void AlertFold::Impl::tell_again(std::uint32_t i, std::int64_t at_ms, double value, std::uint32_t flags,
                                 std::uint8_t level) {
  Pair& pair = pairs[i];
  pair.state.told_level = level;
  pair.state.told_ms = now.stream_ms;
  mark(i);
  if (pair.state.flapping) flags |= kFlapping;
  events.push_back(event_of(i, AlertState::kFiring, value, at_ms, flags, level));
  schedule(i);
}

// The condition calls for the level of `value`. True: that is news.
bool AlertFold::Impl::call_for(std::uint32_t i, double value, std::int64_t at_ms) {
  const Rule& r = rule(pairs[i]);
  Steadiness& state = pairs[i].state;
  const int level = level_of(r, value, state.level);
  if (r.top_level() == 1) return state.call_for(r, level, at_ms, now.stream_ms, nullptr);
  const auto steps = further.try_emplace(i).first;
  const bool news = state.call_for(r, level, at_ms, now.stream_ms, &steps->second);
  if (steps->second.empty()) further.erase(steps);
  return news;
}

// The condition was looked at: `value` is what it compares.
void AlertFold::Impl::observe(std::uint32_t i, std::int64_t at_ms, double value, std::uint32_t doubts,
                              const Newest& before) {
  Pair& pair = pairs[i];
  Steadiness& state = pair.state;
  const Rule& r = rule(pair);
  if (!state.moving() && state.level == 0 && level_of(r, value, 0) == 0) return;  // nearly always
  while (state.moving() && state.complete_at_ms(r) <= at_ms) {
    // In the sensor's own time the delay had passed before: a backlog gives what live delivery would.
    const std::int64_t done_ms = state.complete_at_ms(r);
    const double last =
        r.measure == Measure::kValue ? before.value : measure_by(pair, before.time_ms).value_or(value);
    complete_move(i, done_ms, last, doubts);
  }
  if (call_for(i, value, at_ms)) mark(i);
  if (state.moving() && state.delay_ms(r) == 0) {
    complete_move(i, at_ms, value, doubts);
  } else if (state.level != state.told_level && state.toward >= state.level &&
             (doubts & kDoubtful & ~r.accept) == 0 &&
             telling.hush(pair.rule, sensors[pair.sensor].facts) == 0) {
    tell_again(i, at_ms, value, kStanding, state.level);
  }
  if (state.idle()) pair.open = 0;
  schedule(i);
}

// A delay of the pair has passed, or it is to be told of again.
void AlertFold::Impl::run_due(std::uint32_t i, std::int64_t when_ms) {
  Pair& pair = pairs[i];
  Steadiness& state = pair.state;
  const Rule& r = rule(pair);
  const SensorState& sensor = sensors[pair.sensor];
  const double value = measure_now(pair);
  if (state.moving() && state.move_due_ms <= when_ms) {
    complete_move(i, state.complete_at_ms(r), value, doubts_of(pair));
  } else {
    // One telling for all that were missed while the gateway was not there.
    const std::int64_t repeat_ms = r.repeat.count();
    const std::int64_t until_ms =
        state.moving() ? std::min(now.stream_ms, state.move_due_ms - 1) : now.stream_ms;
    const std::int64_t newest_ms = when_ms + (until_ms - when_ms) / repeat_ms * repeat_ms;
    if (telling.hush(pair.rule, sensor.facts) == 0) {
      const bool open = (doubts_of(pair) & kDoubtful & ~r.accept) == 0;
      tell_again(i, newest_ms + now.wall_minus_stream_ms, value, kRepeated,
                 open ? state.level : state.told_level);
    }
    state.told_ms = newest_ms;
    mark(i);
  }
  schedule(i);
}

// What began quietly, stands, and is kept from nobody any more. `open`: doubts that count no longer, also of
// what is on its way.
void AlertFold::Impl::tell_untold(std::int64_t at_ms, std::uint32_t open) {
  for (std::uint32_t i = 0; i < pairs.size(); ++i) {
    Pair& pair = pairs[i];
    if (pair.state.idle()) continue;
    const SensorState& sensor = sensors[pair.sensor];
    // Of a wrong clock, that only an unset one of ours let in: the next reading tells.
    const bool ahead = sensor.time_ms > now.wall_ms() + kAheadMaxMs;
    if (ahead && (sensor.doubts & kClockUnset) && !is_absence(rule(pair).kind)) continue;
    if (newest_of(pair).doubts & open & ~pair.open) {
      pair.open |= open;
      mark(i);
    }
    if (pair.state.level == pair.state.told_level || pair.state.level == 0) continue;
    if (doubts_of(pair) & kDoubtful & ~rule(pair).accept) continue;
    if (telling.hush(pair.rule, sensor.facts) != 0) continue;
    tell_again(i, at_ms, measure_now(pair), kStanding, pair.state.level);
  }
}

AlertEvent AlertFold::Impl::standing_event(std::uint32_t i, std::uint8_t level) const {
  return event_of(i, AlertState::kFiring, measure_now(pairs[i]), pairs[i].state.since_ms, 0, level);
}

std::optional<KeptBack> AlertFold::Impl::kept_back(std::uint32_t i) const {
  const Pair& pair = pairs[i];
  const SensorState& sensor = sensors[pair.sensor];
  std::uint32_t flags = telling.hush(pair.rule, sensor.facts);
  if (pair.state.told_level == 0) {
    flags |= kQuiet | provenance_of(doubts_of(pair) & kDoubtful & ~rule(pair).accept);
  }
  if (flags == 0) return std::nullopt;
  const Silence* silence = telling.silence_of(pair.rule, sensor.facts);
  KeptBack kept{standing_event(i, pair.state.level),
                kept_back_note(flags, silence == nullptr ? 0 : silence->id)};
  kept.event.flags |= flags;
  return kept;
}

RuleState AlertFold::Impl::state_of(std::uint32_t i) const {
  const Pair& pair = pairs[i];
  const Steadiness& s = pair.state;
  RuleState state;
  state.rule = rule(pair).name;
  state.sensor = sensors[pair.sensor].facts.id;
  state.phase = s.level > 0 ? Phase::kFiring : s.moving() ? Phase::kPending : Phase::kIdle;
  state.since_ms = s.level > 0 ? s.since_ms : s.move_since_ms;
  state.deadline_ms = s.moving() ? s.move_due_ms : 0;
  state.told_level = s.told_level;
  state.value = measure_now(pair);
  if (!std::isfinite(state.value)) state.value = sensors[pair.sensor].value;
  state.rule_digest = digests[pair.rule];
  state.level = s.level;
  state.toward = s.toward;
  state.move_since_ms = s.move_since_ms;
  state.told_ms = s.told_ms;
  state.flapping = s.flapping;
  state.since_estimated = s.since_estimated;
  state.open = pair.open;
  if (auto found = further.find(i); found != further.end()) state.further = found->second;
  if (auto found = copies.find(i); found != copies.end()) {
    state.copy = {found->second.time_ms, found->second.value, found->second.doubts};
  }
  if (auto found = flaps.find(i); found != flaps.end()) state.changes = found->second;
  return state;
}

// A pair goes on where its stored state ended.
void AlertFold::Impl::resume(std::uint32_t i, const RuleState& state, const AlertEvent* told) {
  Steadiness& s = pairs[i].state;
  s.since_ms = state.since_ms;
  s.move_since_ms = state.move_since_ms;
  s.move_due_ms = state.deadline_ms;
  s.told_ms = state.told_ms;
  s.level = state.level;
  s.toward = state.toward;
  s.told_level = state.told_level;
  s.flapping = state.flapping;
  s.since_estimated = state.since_estimated;
  pairs[i].open = state.open;
  if (!state.further.empty()) further[i] = state.further;
  if (state.copy.time_ms != 0) copies[i] = {state.copy.time_ms, state.copy.value, state.copy.doubts};
  if (!state.changes.empty()) flaps[i] = state.changes;
  if (s.level > 0) ++firing_count;
  if (told != nullptr && s.told_level > 0) {
    std::vector<std::string> others = others_than(rule(pairs[i]).notify, told->channels);
    if (!others.empty()) formerly[i] = std::move(others);
  }
  schedule(i);
}

// The rule has gone, or is another one under the same name: its alert ends now.
void AlertFold::Impl::retire(RuleState state, const SensorFacts& facts, const FoldTime& time,
                             const AlertEvent* told) {
  if (state.phase == Phase::kFiring) {
    AlertEvent event;
    event.id = alert_id(settings.gateway, state.rule, *facts.name, state.since_ms);
    event.alert = state.rule;
    event.sensor = *facts.name;
    event.state = AlertState::kResolved;
    event.value = state.value;
    event.unit = *facts.unit;
    event.labels = *facts.labels;
    event.channels = settings.channels;
    event.flags = kRuleRemoved | quiet_if(state.told_level == 0) |
                  (state.since_estimated ? std::uint32_t{kClockWasUnset} : 0u);
    if (told != nullptr) {
      event.severity = told->severity;
      event.threshold = told->threshold;
      event.labels = told->labels;
      event.channels = told->channels;
    }
    event.since_ms = state.since_ms;
    event.at_ms = time.wall_ms();
    event.message =
        facts.expected ? "the rule was removed or changed" : "the configuration brings its sensor no more";
    events.push_back(std::move(event));
  }
  state.phase = Phase::kIdle;
  state.changes.clear();
  state.copy = {};
  retired.push_back(std::move(state));
}

}  // namespace sluice
