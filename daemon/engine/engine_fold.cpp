#include <algorithm>
#include <utility>

#include "base/check.h"
#include "engine/engine_impl.h"
#include "engine/reading_flags.h"
#include "engine/watched.h"

namespace sluice {

void Engine::Impl::begin(const JournalRecord& record) {
  SLUICE_CHECK(record.seq > last_seq, "records come in order");
  seal_before(record);
  last_seq = record.seq;
  ++records;
  now = clock.observe(record);
  const Day day = calendar.day_of(now.wall_ms());
  counts = &batch.counts[day];
  if (overload > 0) {
    (*counts)[Counter::kMessagesReceived] += overload;
    (*counts)[Counter::kMessagesOverload] += std::exchange(overload, 0);
    anything = true;
  }
  if (day != gateway_day) {
    gateway_day = day;
    batch.gateway_days.push_back(day);
    anything = true;
  }
  fold.advance(now);
  conditions.advance(now);
}

// Offsets between the clocks and the connection are the same for all readings of a batch; boot and trust for
// all else as well.
void Engine::Impl::seal_before(const JournalRecord& record) {
  if (clock.becomes_another(record)) {
    if (pending() && !clock.state().boot_id.empty()) seal();
    gateway_day = INT32_MIN;
  } else if (clock.wall_moves(record) || record.kind == RecordKind::kStart ||
             record.kind == RecordKind::kConnected || record.kind == RecordKind::kDisconnected) {
    if (!batch.readings.empty()) seal();
  }
}

// What was subscribed in between brought readings that are not known any more: no sensor was silent then.
void Engine::Impl::skip_to(StreamClockState later) {
  const StreamClockState& known = clock.state();
  if (later.boot_id.empty() || later.stream_ms < known.stream_ms) return;
  const bool now_trusted = later.clock_trusted && !(known.clock_trusted && known.boot_id == later.boot_id);
  later.subscribed_ms = known.subscribed_ms;
  clock = StreamClock(std::move(later), settings.built_ms);
  now = clock.time();
  if (now_trusted) fold.on_clock_trusted(now);
}

bool Engine::Impl::pending() {
  collect_rule_states();
  return anything;
}

void Engine::Impl::end(const JournalRecord& record) {
  clock.apply(record);
  collect_events(fold.take_events());
  collect_events(conditions.take_events());
  for (SilenceChange& change : fold.take_silences()) batch.silences.push_back(std::move(change));
  anything = anything || !batch.silences.empty();
}

void Engine::Impl::collect_events(std::vector<AlertEvent> happened) {
  for (AlertEvent& event : happened) {
    ++(*counts)[event.state == AlertState::kFiring ? Counter::kAlertsFired : Counter::kAlertsResolved];
    batch.events.push_back(event);
    events.push_back(std::move(event));
    anything = true;
  }
}

void Engine::Impl::reject_message(const JournalRecord& record, Counter reason) {
  ++(*counts)[reason];
  quarantine(record, reason);
}

void Engine::Impl::quarantine(const JournalRecord& record, Counter reason) {
  if (batch.quarantine.size() >= settings.quarantine_per_batch) return;
  batch.quarantine.push_back({now.wall_ms(), std::string(record.topic),
                              std::string(record.payload.substr(0, kQuarantinePayloadMax)), reason});
}

void Engine::Impl::message(const JournalRecord& record) {
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
  for (const DecodedValue& value : values) {
    reading(record, value, value.unit.empty() ? decoder.entry(entry).unit : value.unit);
  }
  derivation.on_message_end(made);
  take_derived();
}

// Counts the message if it is not wanted.
bool Engine::Impl::wants_retained(const JournalRecord& record, RetainedPolicy policy) {
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

void Engine::Impl::reading(const JournalRecord& record, const DecodedValue& found, std::string_view unit) {
  ++(*counts)[Counter::kReadingsDecoded];
  auto reject = [&](Counter reason) {
    ++(*counts)[reason];
    if (SensorEntryState* known = registry.find(found.sensor)) known->count_reject(reason);
    quarantine(record, reason);
  };
  if (found.reject != Counter::kCount_) return reject(found.reject);
  if (found.has_time && clock.state().clock_trusted &&
      found.time_ms > now.wall_ms() + settings.decode.max_future.count()) {
    return reject(Counter::kReadingsFuture);
  }
  SensorEntryState* sensor = registry.find(found.sensor);
  if (sensor != nullptr && sensor->derived) return reject(Counter::kReadingsNameTaken);
  if (sensor == nullptr) {
    if (registry.full()) return reject(Counter::kReadingsTooManySensors);
    sensor = &add_sensor(found.sensor, unit);
  }
  if (!std::exchange(sensor->unit_settled, true)) settle_unit(*sensor, unit);
  Reading row;
  row.sensor = sensor->id;
  row.value = found.value;
  const Counter reason = sensor->profile.apply(row.value);
  if (reason != Counter::kCount_) return reject(reason);
  row.arrival_ms = now.wall_ms();
  row.time_ms = found.has_time ? found.time_ms : row.arrival_ms;
  row.flags = reading_flags(record, found, *sensor, row, clock.state());
  ++(*counts)[(row.flags & kDuplicate) ? Counter::kReadingsDuplicate : Counter::kReadingsStored];
  batch.readings.push_back(row);
  times_may_change = times_may_change || (row.flags & kClockUnset);
  if (!(row.flags & kDuplicate)) tallies.add(calendar.day_of(row.time_ms), row.sensor, row.value);
  fold.on_reading(row, now);
  if (row.flags & (kRetained | kDuplicate)) return;
  sensor->take(row, now.subscribed_ms);
  if (found.has_time) sensor->remember(row.time_ms, row.value);
  derivation.on_reading(row, made);
  take_derived();
}

void Engine::Impl::take_derived() {
  for (const Reading& reading : made) {
    fold.on_reading(reading, now);
    registry.by_id(reading.sensor).take(reading, now.subscribed_ms);
    derived.insert(reading.sensor);
  }
  made.clear();
}

SensorEntryState& Engine::Impl::add_sensor(std::string_view name, std::string_view unit) {
  SensorEntryState& sensor = registry.add(name, std::string(unit), registry.next_id());
  sensor.last.subscribed_ms = now.subscribed_ms;
  batch.new_sensors.push_back({sensor.id, sensor.name, sensor.profile.unit, now.subscribed_ms});
  fold.add_sensor(facts_of(sensor, settings.decode), &sensor.last);
  derivation.add_sensor(sensor.id, sensor.name);
  anything = true;
  return sensor;
}

// The unit of a sensor that is known already, where the configuration has changed.
void Engine::Impl::settle_unit(SensorEntryState& sensor, std::string_view unit) {
  std::string wanted = profile_of(settings.decode.sensors, sensor.name, std::string(unit)).unit;
  if (wanted == sensor.profile.unit) return;
  sensor.profile.unit = std::move(wanted);
  note_unit(sensor);
}

void Engine::Impl::note_unit(const SensorEntryState& sensor) {
  batch.new_sensors.push_back({sensor.id, sensor.name, sensor.profile.unit, sensor.last.subscribed_ms});
  anything = true;
}

// What rules look back on. Derived readings are not stored, but follow from what is.
void Engine::Impl::recall(const std::vector<RecentReading>& recent) {
  Derivation anew(settings.decode.derived, settings.alerts.max_age);
  for (const SensorEntryState& sensor : registry.all()) anew.add_sensor(sensor.id, sensor.name);
  std::int64_t arrival_stream_ms = 0;  // rows of one are taken for those of one message
  auto recall_made = [&] {
    for (const Reading& reading : made) fold.recall({reading, arrival_stream_ms});
    made.clear();
  };
  for (const RecentReading& recalled : recent) {
    if (recalled.arrival_stream_ms != arrival_stream_ms) anew.on_message_end(made);
    recall_made();
    arrival_stream_ms = recalled.arrival_stream_ms;
    fold.recall(recalled);
    anew.on_reading(recalled.reading, made);
    recall_made();
  }
  anew.on_message_end(made);
  recall_made();
}

void Engine::Impl::collect_rule_states() {
  collect_rule_states(fold.take_changed());
  collect_rule_states(conditions.take_changed());
}

void Engine::Impl::collect_rule_states(std::vector<RuleState> changed) {
  for (RuleState& state : changed) {
    auto key = std::make_pair(state.rule, state.sensor);
    rule_states[std::move(key)] = std::move(state);
    anything = true;
  }
}

void Engine::Impl::seal() {
  collect_rule_states();
  batch.cursor.seq = last_seq;
  batch.clock = clock.state();
  batch.unset = !batch.clock.clock_trusted && !batch.clock.boot_id.empty();
  batch.delivered = redelivery.newest();
  batch.backlog = redelivery.take_backlog();
  std::vector<DayTally> counted = tallies.take();
  if (!std::exchange(times_may_change, false)) batch.tallies = std::move(counted);
  for (auto& [key, state] : rule_states) batch.rule_states.push_back(std::move(state));
  rule_states.clear();
  for (SensorId id : std::exchange(derived, {})) batch.derived.push_back(registry.by_id(id).last);
  if (batch.clock.stream_ms - snapshot_stream_ms >= settings.snapshot_every_ms) {
    snapshot_stream_ms = batch.clock.stream_ms;
    for (const SensorEntryState& sensor : registry.all()) batch.snapshot.push_back(sensor.last);
  }
  std::erase_if(batch.counts, [](const auto& day) { return day.second == Counts{}; });
  sealed_readings += batch.readings.size();
  sealed.push_back(std::exchange(batch, Batch{}));
  anything = false;
}

}  // namespace sluice
