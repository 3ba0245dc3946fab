#include "alert/telling.h"

#include <algorithm>
#include <iterator>

#include "alert/condition.h"
#include "alert/message_template.h"
#include "alert/week_hours.h"

namespace sluice {

namespace {

std::map<std::string, std::string> labels_of(const Rule& rule, const SensorFacts& facts) {
  std::map<std::string, std::string> labels = rule.labels;
  labels.insert(facts.labels->begin(), facts.labels->end());
  return labels;
}

// Figures that count something have no unit, whatever the sensor's.
bool has_unit(const Rule& rule) {
  return rule.kind != ConditionKind::kMissingRatio && rule.measure != Measure::kCount &&
         rule.measure != Measure::kSamples;
}

}  // namespace

std::vector<std::string> others_than(const std::vector<std::string>& now,
                                     const std::vector<std::string>& told) {
  std::vector<std::string> others;
  std::copy_if(told.begin(), told.end(), std::back_inserter(others),
               [&](const std::string& name) { return std::find(now.begin(), now.end(), name) == now.end(); });
  return others;
}

AlertEvent Telling::event_of(const Rule& rule, const SensorFacts& facts, const Steadiness& state,
                             std::uint8_t level, double value, std::int64_t at_ms) const {
  AlertEvent event;
  event.id = alert_id(settings_.gateway, rule.name, *facts.name, state.since_ms);
  event.alert = rule.name;
  event.sensor = *facts.name;
  event.severity = rule.severity_of(level);
  event.value = value;
  event.threshold = threshold_of(rule, value, level);
  if (has_unit(rule)) event.unit = rule.measure == Measure::kSteady ? "s" : *facts.unit;
  event.labels = rule.labels.empty() ? *facts.labels : labels_of(rule, facts);
  event.since_ms = state.since_ms;
  event.at_ms = at_ms;
  if (state.since_estimated) event.flags = kClockWasUnset;
  event.channels = rule.notify;
  return event;
}

const Silence* Telling::silence_of(std::uint32_t rule_index, const SensorFacts& facts) const {
  const Rule& rule = settings_.rules[rule_index];
  std::map<std::string, std::string> labels;
  for (const Silence& silence : silences_) {
    if (!silence.alert.empty() && silence.alert != rule.name) continue;
    if (!matches_(silence.sensor, *facts.name)) continue;
    if (!silence.labels.empty() && labels.empty()) labels = labels_of(rule, facts);
    const bool all = std::all_of(silence.labels.begin(), silence.labels.end(), [&](const auto& wanted) {
      auto found = labels.find(wanted.first);
      return found != labels.end() && found->second == wanted.second;
    });
    if (all) return &silence;
  }
  return nullptr;
}

std::uint32_t Telling::hush(std::uint32_t rule, const SensorFacts& facts) const {
  return (muted_[rule] ? std::uint32_t{kMuted} : 0u) |
         (silence_of(rule, facts) != nullptr ? std::uint32_t{kSilenced} : 0u);
}

void Telling::move_to(std::int64_t wall_ms) {
  moved_to_ms_ = wall_ms;
  next_change_ms_ = std::numeric_limits<std::int64_t>::max();
  for (std::size_t r = 0; r < settings_.rules.size(); ++r) {
    const Rule& rule = settings_.rules[r];
    if (rule.active.empty() && rule.mute.empty()) continue;
    muted_[r] = (!rule.active.empty() && !is_within(rule.active, *calendar_, wall_ms)) ||
                is_within(rule.mute, *calendar_, wall_ms);
    for (const auto* hours : {&rule.active, &rule.mute}) {
      next_change_ms_ = std::min(next_change_ms_, next_edge_ms(*hours, *calendar_, wall_ms));
    }
  }
  std::erase_if(silences_, [&](const Silence& silence) {
    if (silence.until_ms <= wall_ms) ended_.push_back(silence.id);
    return silence.until_ms <= wall_ms;
  });
  for (const Silence& silence : silences_) next_change_ms_ = std::min(next_change_ms_, silence.until_ms);
}

bool Telling::add(const Silence& silence) {
  if (silences_.size() >= kSilencesMax) return false;
  silences_.push_back(silence);
  next_change_ms_ = std::min(next_change_ms_, silence.until_ms);
  return true;
}

bool Telling::end(std::uint64_t id) {
  const auto count = std::erase_if(silences_, [&](const Silence& silence) { return silence.id == id; });
  if (count > 0) ended_.push_back(id);
  return count > 0;
}

std::vector<std::uint64_t> Telling::take_ended() {
  return std::exchange(ended_, {});
}

}  // namespace sluice
