#include "alert/gateway_conditions.h"

#include <algorithm>
#include <utility>

namespace sluice {

namespace {
using Phase = RuleState::Phase;
}

bool GatewayConditions::wanted(const std::string& name) const {
  return find_gateway_alert(name) != nullptr &&
         std::find(settings_.off.begin(), settings_.off.end(), name) == settings_.off.end();
}

AlertEvent GatewayConditions::event_of(const std::string& name, const Condition& condition, AlertState state,
                                       std::int64_t at_ms) const {
  AlertEvent event;
  event.id = alert_id(gateway_, name, kGatewaySensorName, condition.since_ms);
  event.alert = name;
  event.sensor = kGatewaySensorName;
  event.state = state;
  event.since_ms = condition.since_ms;
  event.at_ms = at_ms;
  event.channels = settings_.notify;
  if (condition.clock_unset) event.flags = kClockWasUnset;
  std::vector<std::string>& others = state == AlertState::kFiring ? event.formerly : event.channels;
  others.insert(others.end(), condition.formerly.begin(), condition.formerly.end());
  event.message = condition.text;
  if (const GatewayAlertKind* kind = find_gateway_alert(name)) {
    event.severity = kind->severity;
    event.message = std::string(kind->meaning) + (condition.text.empty() ? "" : ": " + condition.text);
  }
  return event;
}

RuleState GatewayConditions::state_of(const std::string& name, const Condition& condition) {
  RuleState state;
  state.rule = name;
  state.sensor = kGatewaySensor;
  state.phase = condition.phase;
  state.since_ms = condition.since_ms;
  state.deadline_ms = condition.deadline_ms == kNever ? 0 : condition.deadline_ms;
  state.level = state.toward = state.told_level = condition.phase == Phase::kFiring ? 1 : 0;
  state.rule_digest = condition.text;
  return state;
}

void GatewayConditions::fire(const std::string& name, Condition& condition, std::int64_t since_ms,
                             bool clock_trusted) {
  condition.phase = Phase::kFiring;
  condition.clock_unset = !clock_trusted;
  condition.since_ms = since_ms;
  condition.deadline_ms = kNever;
  events_.push_back(event_of(name, condition, AlertState::kFiring, since_ms));
}

void GatewayConditions::resolve(const std::string& name, Condition& condition, std::int64_t at_ms,
                                std::uint32_t flags) {
  if (condition.phase == Phase::kFiring) {
    events_.push_back(event_of(name, condition, AlertState::kResolved, at_ms));
    events_.back().flags |= flags;
  }
  condition.phase = Phase::kIdle;
  condition.deadline_ms = kNever;
}

void GatewayConditions::restore(const std::vector<RuleState>& states, const FoldTime& time,
                                const std::vector<AlertEvent>& standing) {
  for (const RuleState& state : states) {
    if (state.sensor != kGatewaySensor || state.phase == Phase::kIdle) continue;
    Condition condition{
        state.phase,       state.since_ms, state.deadline_ms == 0 ? kNever : state.deadline_ms,
        state.rule_digest, false,          {}};
    const auto told = std::find_if(standing.begin(), standing.end(), [&](const AlertEvent& event) {
      return event.sensor == kGatewaySensorName && event.alert == state.rule;
    });
    if (condition.phase == Phase::kFiring && told != standing.end()) {
      condition.clock_unset = (told->flags & kClockWasUnset) != 0;
      condition.formerly = others_than(settings_.notify, told->channels);
    }
    if (wanted(state.rule)) {
      conditions_[state.rule] = std::move(condition);
      continue;
    }
    resolve(state.rule, condition, time.stream_ms + time.wall_minus_stream_ms, kRuleRemoved);
    changed_[state.rule] = state_of(state.rule, condition);
  }
}

void GatewayConditions::run_deadline(const std::string& name, Condition& condition, const FoldTime& time) {
  const std::int64_t at_ms = condition.deadline_ms + time.wall_minus_stream_ms;
  if (condition.phase == Phase::kPending) {
    fire(name, condition, at_ms, time.clock_trusted);
  } else {
    resolve(name, condition, at_ms, 0);
  }
  changed_[name] = state_of(name, condition);
  if (condition.phase == Phase::kIdle) conditions_.erase(name);
}

void GatewayConditions::advance(const FoldTime& time) {
  for (;;) {
    auto first = std::min_element(conditions_.begin(), conditions_.end(), [](const auto& a, const auto& b) {
      return a.second.deadline_ms < b.second.deadline_ms;
    });
    if (first == conditions_.end() || first->second.deadline_ms > time.stream_ms) return;
    const std::string name = first->first;
    run_deadline(name, first->second, time);
  }
}

void GatewayConditions::on_record(const JournalRecord& record, const FoldTime& time) {
  const std::string name(record.topic);
  if (!wanted(name)) return;
  const std::int64_t now_ms = time.stream_ms + time.wall_minus_stream_ms;
  Condition& condition = conditions_[name];
  const bool idle = condition.phase == Phase::kIdle;
  if (record.flags & (kConditionOn | kConditionPassing)) {
    condition.text = std::string(record.payload);
    const std::int64_t hold_ms = settings_.hold_of(*find_gateway_alert(name)).count();
    const bool passing = record.flags & kConditionPassing;
    if (idle && (passing || hold_ms <= 0)) {
      fire(name, condition, now_ms, time.clock_trusted);
    } else if (idle) {
      condition.phase = Phase::kPending;
      condition.since_ms = now_ms;
      condition.deadline_ms = time.stream_ms + hold_ms;
    }
    if (passing) condition.deadline_ms = time.stream_ms + kPassingFor.count();
  } else {
    resolve(name, condition, now_ms, 0);
  }
  changed_[name] = state_of(name, condition);
  if (condition.phase == Phase::kIdle) conditions_.erase(name);
}

std::optional<std::int64_t> GatewayConditions::next_deadline_stream_ms() const {
  std::int64_t next = kNever;
  for (const auto& [name, condition] : conditions_) next = std::min(next, condition.deadline_ms);
  if (next == kNever) return std::nullopt;
  return next;
}

std::vector<AlertEvent> GatewayConditions::take_events() {
  return std::exchange(events_, {});
}

std::vector<RuleState> GatewayConditions::take_changed() {
  std::vector<RuleState> states;
  for (auto& [name, state] : changed_) states.push_back(std::move(state));
  changed_.clear();
  return states;
}

std::vector<AlertEvent> GatewayConditions::standing() const {
  std::vector<AlertEvent> events;
  for (const auto& [name, condition] : conditions_) {
    if (condition.phase == Phase::kFiring) {
      events.push_back(event_of(name, condition, AlertState::kFiring, condition.since_ms));
    }
  }
  return events;
}

std::vector<RuleState> GatewayConditions::states() const {
  std::vector<RuleState> states;
  for (const auto& [name, condition] : conditions_) states.push_back(state_of(name, condition));
  return states;
}

std::vector<std::string> GatewayConditions::on() const {
  std::vector<std::string> names;
  for (const auto& [name, condition] : conditions_) {
    const bool passing = condition.phase == Phase::kFiring && condition.deadline_ms != kNever;
    if (!passing) names.push_back(name);
  }
  return names;
}

std::size_t GatewayConditions::firing() const {
  return static_cast<std::size_t>(std::count_if(conditions_.begin(), conditions_.end(), [](const auto& one) {
    return one.second.phase == Phase::kFiring;
  }));
}

}  // namespace sluice
