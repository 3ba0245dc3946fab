#include "engine/engine.h"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <map>
#include <unordered_map>
#include <utility>

#include "alert/gateway_conditions.h"
#include "base/check.h"
#include "decode/decoder.h"
#include "decode/topic_filter.h"
#include "engine/midnight.h"
#include "engine/reading_flags.h"
#include "engine/redelivery.h"
#include "engine/registry.h"
#include "engine/stream_clock.h"
#include "engine/watched.h"

namespace sluice {

static constexpr std::int64_t kStepMs = 1000;  // a larger move of the wall clock is a step, not a drift

struct Engine::Impl {
  Impl(EngineSettings given, Calendar zone, const Checkpoint& checkpoint)
      : settings(std::move(given)),
        calendar(std::move(zone)),
        clock(checkpoint.clock),
        decoder(settings.decode),
        registry(settings.decode),
        fold(settings.alerts, topic_matches, calendar),
        conditions(settings.alerts.gateway, settings.gateway_alerts),
        redelivery(settings.receive_maximum, checkpoint.delivered,
                   checkpoint.clock.backlog && checkpoint.clock.session_present),
        heard_boot_ms(settings.decode.readings.size(), 0),
        last_seq(checkpoint.cursor.seq),
        snapshot_stream_ms(checkpoint.clock.stream_ms) {}

  EngineSettings settings;
  Calendar calendar;
  StreamClock clock;
  Decoder decoder;
  Registry registry;
  AlertFold fold;
  GatewayConditions conditions;
  Redelivery redelivery;
  std::unordered_map<std::string, std::uint64_t> retained;
  std::vector<DecodedValue> values;         // of the message at hand
  std::vector<std::int64_t> heard_boot_ms;  // by readings entry

  std::uint64_t last_seq = 0;
  std::int64_t snapshot_stream_ms = 0;
  std::int64_t offset_ms = 0;  // wall minus boot clock, when the growing batch began
  Midnight midnight;
  Day gateway_day = INT32_MIN;  // the newest day that a batch names
  std::uint64_t records = 0;
  std::uint64_t overload = 0;

  Batch batch;                                                        // growing
  RunningTallies tallies;                                             // of its readings
  std::map<std::pair<std::string, SensorId>, RuleState> rule_states;  // of `batch`
  std::deque<Batch> sealed;
  std::size_t sealed_readings = 0;
  bool anything = false;  // in `batch`, beside the cursor
  std::vector<AlertEvent> events;

  // Of the record at hand.
  FoldTime now;
  Counts* counts = nullptr;

  void begin(const JournalRecord& record) {
    SLUICE_CHECK(record.seq > last_seq, "records come in order");
    // Offsets between the clocks and the connection are the same for all readings of a batch.
    const std::int64_t wall_minus_boot_ms = record.wall_ms - record.boot_ms;
    if (record.kind == RecordKind::kStart || record.kind == RecordKind::kConnected ||
        record.kind == RecordKind::kDisconnected || std::abs(wall_minus_boot_ms - offset_ms) > kStepMs) {
      seal_readings();
      offset_ms = wall_minus_boot_ms;
    }
    last_seq = record.seq;
    ++records;
    now = clock.observe(record);
    const Day day = calendar.day_of(record.wall_ms);
    counts = &batch.counts[day];
    if (overload > 0) {
      (*counts)[Counter::kMessagesReceived] += overload;
      (*counts)[Counter::kMessagesOverload] += std::exchange(overload, 0);
      anything = true;
    }
    if (day > gateway_day && clock.state().clock_trusted) {
      gateway_day = day;
      batch.gateway_days.push_back(day);
      anything = true;
    }
    fold.advance(now);
    conditions.advance(now);
  }

  void end(const JournalRecord& record) {
    clock.apply(record);
    collect_events(fold.take_events());
    collect_events(conditions.take_events());
    for (SilenceChange& change : fold.take_silences()) batch.silences.push_back(std::move(change));
    anything = anything || !batch.silences.empty();
  }

  void collect_events(std::vector<AlertEvent> happened) {
    for (AlertEvent& event : happened) {
      ++(*counts)[event.state == AlertState::kFiring ? Counter::kAlertsFired : Counter::kAlertsResolved];
      batch.events.push_back(event);
      events.push_back(std::move(event));
      anything = true;
    }
  }

  void reject_message(const JournalRecord& record, Counter reason) {
    ++(*counts)[reason];
    quarantine(record, reason);
  }

  void quarantine(const JournalRecord& record, Counter reason) {
    if (batch.quarantine.size() >= settings.quarantine_per_batch) return;
    batch.quarantine.push_back({record.wall_ms, std::string(record.topic),
                                std::string(record.payload.substr(0, kQuarantinePayloadMax)), reason});
  }

  void message(const JournalRecord& record) {
    anything = true;
    ++(*counts)[Counter::kMessagesReceived];
    if ((record.flags & (kQos1 | kQos2)) && redelivery.seen_before(record)) {
      ++(*counts)[Counter::kMessagesDuplicate];
      return;
    }
    if (record.flags & kOversize) return reject_message(record, Counter::kMessagesTooLarge);
    const int entry = decoder.entry_for(record.topic);
    if (entry < 0) {
      ++(*counts)[Counter::kMessagesIgnored];
      return;
    }
    heard_boot_ms[static_cast<std::size_t>(entry)] = record.boot_ms;
    if ((record.flags & kRetainFlag) && !wants_retained(record, decoder.entry(entry).retained)) return;
    values.clear();
    const Counter rejected = decoder.decode(entry, record.topic, record.payload, values);
    if (rejected != Counter::kCount_) return reject_message(record, rejected);
    ++(*counts)[Counter::kMessagesDecoded];
    for (const DecodedValue& value : values) reading(record, value, decoder.entry(entry).unit);
  }

  // Counts the message if it is not wanted.
  bool wants_retained(const JournalRecord& record, RetainedPolicy policy) {
    if (policy == RetainedPolicy::kStore) return true;
    if (policy == RetainedPolicy::kIgnore) {
      ++(*counts)[Counter::kMessagesIgnored];
      return false;
    }
    const std::uint64_t hash = message_hash(record.topic, record.payload);
    auto known = retained.find(std::string(record.topic));
    if (known != retained.end() && known->second == hash) {
      ++(*counts)[Counter::kMessagesDuplicate];
      return false;
    }
    // Beyond the bound a retained message is taken as new each time.
    if (known == retained.end() && retained.size() >= settings.decode.max_sensors) return true;
    retained[std::string(record.topic)] = hash;
    batch.retained.emplace_back(record.topic, hash);
    return true;
  }

  void reading(const JournalRecord& record, const DecodedValue& found, const std::string& unit) {
    ++(*counts)[Counter::kReadingsDecoded];
    auto reject = [&](Counter reason) {
      ++(*counts)[reason];
      if (SensorEntryState* known = registry.find(found.sensor)) known->count_reject(reason);
      quarantine(record, reason);
    };
    if (found.reject != Counter::kCount_) return reject(found.reject);
    if (found.has_time && clock.state().clock_trusted &&
        found.time_ms > record.wall_ms + settings.decode.max_future.count()) {
      return reject(Counter::kReadingsFuture);
    }
    SensorEntryState* sensor = registry.find(found.sensor);
    if (sensor == nullptr) {
      if (registry.full()) return reject(Counter::kReadingsTooManySensors);
      sensor = &add_sensor(found.sensor, unit);
    }
    Reading row;
    row.sensor = sensor->id;
    row.value = found.value;
    const Counter reason = sensor->profile.apply(row.value);
    if (reason != Counter::kCount_) return reject(reason);
    row.arrival_ms = record.wall_ms;
    row.time_ms = found.has_time ? found.time_ms : record.wall_ms;
    row.flags = reading_flags(record, found, *sensor, row, clock.state());
    ++(*counts)[(row.flags & kDuplicate) ? Counter::kReadingsDuplicate : Counter::kReadingsStored];
    batch.readings.push_back(row);
    if (!(row.flags & kDuplicate)) tallies.add(calendar.day_of(row.time_ms), row.sensor, row.value);
    fold.on_reading(row, now);
    if (row.flags & (kRetained | kDuplicate)) return;
    sensor->take(row, now.subscribed_ms);
    if (found.has_time) sensor->remember(row.time_ms, row.value);
  }

  SensorEntryState& add_sensor(std::string_view name, const std::string& unit) {
    SensorEntryState& sensor = registry.add(name, unit, registry.next_id());
    sensor.last.subscribed_ms = now.subscribed_ms;
    batch.new_sensors.push_back({sensor.id, sensor.name, sensor.profile.unit, now.subscribed_ms});
    fold.add_sensor(facts_of(sensor, settings.decode), &sensor.last);
    anything = true;
    return sensor;
  }

  void collect_rule_states() {
    collect_rule_states(fold.take_changed());
    collect_rule_states(conditions.take_changed());
  }

  void collect_rule_states(std::vector<RuleState> changed) {
    for (RuleState& state : changed) {
      auto key = std::make_pair(state.rule, state.sensor);
      rule_states[std::move(key)] = std::move(state);
      anything = true;
    }
  }

  void seal_readings() {
    if (!batch.readings.empty()) seal();
  }

  void seal() {
    collect_rule_states();
    batch.cursor.seq = last_seq;
    batch.clock = clock.state();
    batch.delivered = redelivery.newest();
    batch.backlog = redelivery.take_backlog();
    batch.tallies = tallies.take();
    for (auto& [key, state] : rule_states) batch.rule_states.push_back(std::move(state));
    rule_states.clear();
    if (batch.clock.stream_ms - snapshot_stream_ms >= settings.snapshot_every_ms) {
      snapshot_stream_ms = batch.clock.stream_ms;
      for (const SensorEntryState& sensor : registry.all()) batch.snapshot.push_back(sensor.last);
    }
    std::erase_if(batch.counts, [](const auto& day) { return day.second == Counts{}; });
    sealed_readings += batch.readings.size();
    sealed.push_back(std::exchange(batch, Batch{}));
    anything = false;
  }
};

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
  }
  for (const auto& [topic, hash] : checkpoint.retained) engine.retained[topic] = hash;
  engine.counts =
      &engine.batch.counts[engine.calendar.day_of(engine.now.stream_ms + engine.now.wall_minus_stream_ms)];
  for (const RecentReading& reading : checkpoint.recent) engine.fold.recall(reading);
  for (const std::string& name : awaited_sensors(engine.settings, engine.registry))
    engine.add_sensor(name, "");
  engine.conditions.restore(checkpoint.rule_states, engine.now);
  engine.fold.restore(checkpoint.rule_states, checkpoint.silences, engine.now);
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
                          std::int64_t wall_ms) {
  Counts& counts = impl_->batch.counts[impl_->calendar.day_of(wall_ms)];
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

std::size_t Engine::pending_readings() const {
  return impl_->sealed_readings + impl_->batch.readings.size();
}

bool Engine::pending() const {
  impl_->collect_rule_states();
  return impl_->anything || !impl_->sealed.empty();
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
  return {engine.records, engine.registry.all().size(), engine.fold.firing() + engine.conditions.firing(),
          engine.fold.pairs(), engine.clock.state().clock_trusted};
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
  return explain_rule(**watching, engine.fold.states(), known->last,
                      is_registered(engine.settings.decode, sensor), engine.clock.time_at(boot_ms));
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
