#include "engine/engine.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "engine/engine_impl.h"
#include "engine/watched.h"

namespace sluice {

Engine::Engine(EngineSettings settings, Calendar calendar, const Checkpoint& checkpoint)
    : impl_(std::make_unique<Impl>(std::move(settings), std::move(calendar), checkpoint)) {
  Impl& engine = *impl_;
  engine.now = engine.clock.time();
  std::unordered_map<SensorId, SensorLast> last;
  for (const SensorLast& value : checkpoint.last) last[value.id] = value;
  for (const SensorRow& row : checkpoint.sensors) {
    SensorEntryState& sensor = engine.registry.add(row.name, row.unit, row.id);
    auto found = last.find(row.id);
    if (found != last.end()) sensor.last = found->second;
    if (sensor.last.time_ms != 0) sensor.remember(sensor.last.time_ms, sensor.last.value);
    engine.fold.add_sensor(facts_of(sensor, engine.settings.decode), &sensor.last);
    engine.derivation.add_sensor(sensor.id, sensor.name, &sensor.last);
    if (sensor.profile.unit != row.unit) engine.note_unit(sensor);
  }
  for (const auto& [topic, hash] : checkpoint.retained) engine.retained[topic] = hash;
  engine.counts =
      &engine.batch.counts[engine.calendar.day_of(engine.now.stream_ms + engine.now.wall_minus_stream_ms)];
  for (const std::string& name : awaited_sensors(engine.settings, engine.registry))
    engine.add_sensor(name, "");
  engine.recall(checkpoint.recent);
  engine.conditions.restore(checkpoint.rule_states, engine.now, checkpoint.standing);
  engine.fold.restore(checkpoint.rule_states, checkpoint.silences, engine.now, checkpoint.standing);
  // A rule that went is forgotten in the transaction that tells of its end, and in no earlier one.
  engine.collect_events(engine.fold.take_events());
  engine.collect_events(engine.conditions.take_events());
}

Engine::~Engine() = default;

void Engine::handle(const JournalRecord& record) {
  impl_->begin(record);
  switch (record.kind) {
    case RecordKind::kMessage:
      impl_->message(record);
      break;
    case RecordKind::kStart:
      impl_->heard_boot_ms.assign(impl_->heard_boot_ms.size(), 0);  // of another run, or even another boot
      break;
    case RecordKind::kConnected:
      impl_->redelivery.on_connected(record.flags & kSessionPresent);
      break;
    case RecordKind::kBacklogEnd:
      impl_->redelivery.on_backlog_end();
      impl_->fold.on_backlog_end(impl_->now);
      break;
    case RecordKind::kGatewayCondition:
      impl_->conditions.on_record(record, impl_->now);
      break;
    case RecordKind::kClockTrusted:
      impl_->fold.on_clock_trusted(impl_->now);
      break;
    case RecordKind::kSilence:
    case RecordKind::kUnsilence:
      apply_silence(record, impl_->fold, impl_->now);
      break;
    default:
      break;  // the clock is all that they move
  }
  impl_->end(record);
}

void Engine::give_up(const JournalRecord& record) {
  impl_->begin(record);
  if (record.kind == RecordKind::kMessage) {
    impl_->anything = true;
    ++(*impl_->counts)[Counter::kMessagesReceived];
    impl_->reject_message(record, Counter::kMessagesCrashed);
  }
  impl_->end(record);
}

void Engine::count_overload(std::uint64_t messages) {
  impl_->overload += messages;
}

void Engine::skip_dropped(std::uint64_t seq, std::uint64_t messages, std::uint64_t readings,
                          const StreamClockState& clock) {
  impl_->skip_to(clock);
  const std::int64_t known_ms = std::max(impl_->now.wall_ms(), impl_->settings.built_ms);
  Counts& counts = impl_->batch.counts[impl_->calendar.day_of(known_ms)];
  counts[Counter::kMessagesReceived] += messages;
  counts[Counter::kMessagesDecoded] += messages;
  counts[Counter::kReadingsDecoded] += readings;
  counts[Counter::kReadingsDropDisk] += readings;
  impl_->last_seq = std::max(impl_->last_seq, seq);
  impl_->anything = true;
}

std::optional<std::int64_t> Engine::next_deadline_boot_ms() const {
  Impl& engine = *impl_;
  const FoldTime time = engine.clock.time();
  const std::int64_t wall_ms = time.stream_ms + time.wall_minus_stream_ms;
  // A tick at midnight, so that the day has a document even if nothing arrives.
  std::int64_t next = engine.midnight.after(wall_ms, engine.calendar) - time.wall_minus_stream_ms;
  if (auto deadline = engine.fold.next_deadline_stream_ms(time)) next = std::min(next, *deadline);
  if (auto deadline = engine.conditions.next_deadline_stream_ms()) next = std::min(next, *deadline);
  if (engine.clock.state().boot_id.empty()) return std::nullopt;
  return engine.clock.boot_of(next);
}

std::vector<AlertEvent> Engine::take_events() {
  return std::exchange(impl_->events, {});
}
std::vector<AlertEvent> Engine::standing() const {
  std::vector<AlertEvent> events = impl_->fold.standing();
  for (AlertEvent& event : impl_->conditions.standing()) events.push_back(std::move(event));
  return events;
}

std::vector<KeptBack> Engine::kept_back() const {
  return impl_->fold.kept_back();
}

const std::vector<Silence>& Engine::silences() const {
  return impl_->fold.silences();
}

std::size_t Engine::pending_readings() const {
  return impl_->sealed_readings + impl_->batch.readings.size();
}

bool Engine::pending() const {
  return impl_->pending() || !impl_->sealed.empty();
}

Batch Engine::take_batch() {
  Impl& engine = *impl_;
  if (engine.sealed.empty()) engine.seal();
  Batch batch = std::move(engine.sealed.front());
  engine.sealed.pop_front();
  engine.sealed_readings -= batch.readings.size();
  return batch;
}

std::uint64_t Engine::last_seq() const {
  return impl_->last_seq;
}

EngineStatus Engine::status() const {
  const Impl& engine = *impl_;
  return {engine.records,
          engine.registry.all().size(),
          engine.fold.firing() + engine.conditions.firing(),
          engine.fold.pairs(),
          engine.clock.state().clock_trusted,
          engine.derivation.not_finite(),
          engine.fold.not_finite()};
}

Result<RuleExplanation> Engine::explain(const std::string& sensor, const std::string& rule,
                                        std::int64_t boot_ms) const {
  Impl& engine = *impl_;
  const SensorEntryState* known = engine.registry.find(sensor);
  if (known == nullptr) {
    return make_error(ErrorCode::kNotFound,
                      "no sensor is named \"" + sensor + "\"; sluicectl sensors lists those there are");
  }
  auto watching = rule_watching(engine.settings.alerts.rules, rule, sensor, topic_matches);
  if (!watching.ok()) return watching.error();
  RuleExplanation about =
      explain_rule(**watching, engine.fold.states(), known->last,
                   is_registered(engine.settings.decode, sensor), engine.clock.time_at(boot_ms));
  about.unit = known->profile.unit;
  for (const KeptBack& kept : engine.fold.kept_back()) {
    if (kept.event.alert == rule && kept.event.sensor == sensor) about.text += "; " + kept.note;
  }
  if (auto cut = engine.fold.cut_window(known->id, rule)) {
    about.text += "; sees less than its window: " + cut_text(*cut) + "; " + cut_advice(*cut);
  }
  return about;
}

std::vector<CutWindow> Engine::cut_windows() const {
  return impl_->fold.cut_windows();
}

std::vector<SensorLast> Engine::last_values() const {
  std::vector<SensorLast> last;
  for (const SensorEntryState& sensor : impl_->registry.all()) last.push_back(sensor.last);
  return last;
}

const std::vector<std::int64_t>& Engine::heard_boot_ms() const {
  return impl_->heard_boot_ms;
}

void Engine::visit_sensors(const std::function<void(const SensorEntryState&)>& visit) const {
  for (const SensorEntryState& sensor : impl_->registry.all()) visit(sensor);
}

std::vector<RuleState> Engine::rule_states() const {
  std::vector<RuleState> states = impl_->conditions.states();
  for (RuleState& state : impl_->fold.states()) states.push_back(std::move(state));
  return states;
}

std::vector<std::string> Engine::conditions_on() const {
  return impl_->conditions.on();
}

}  // namespace sluice
