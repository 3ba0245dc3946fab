// What Engine is made of. engine_fold.cpp folds a record in and cuts batches; engine.cpp restores, and
// answers.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "alert/gateway_conditions.h"
#include "decode/decoder.h"
#include "decode/derivation.h"
#include "decode/topic_filter.h"
#include "engine/engine.h"
#include "engine/midnight.h"
#include "engine/redelivery.h"
#include "engine/registry.h"
#include "engine/stream_clock.h"

namespace sluice {

struct Engine::Impl {
  Impl(EngineSettings given, Calendar zone, const Checkpoint& checkpoint)
      : settings(std::move(given)),
        calendar(std::move(zone)),
        clock(checkpoint.clock, settings.built_ms),
        decoder(settings.decode),
        registry(settings.decode),
        derivation(settings.decode.derived, settings.alerts.max_age),
        fold(settings.alerts, topic_matches, calendar),
        conditions(settings.alerts.gateway, settings.gateway_alerts),
        redelivery(settings.receive_maximum, checkpoint.delivered,
                   checkpoint.clock.connected && checkpoint.clock.session_present, !checkpoint.clock.backlog),
        heard_boot_ms(settings.decode.readings.size(), 0),
        last_seq(checkpoint.cursor.seq),
        snapshot_stream_ms(checkpoint.clock.stream_ms) {}

  EngineSettings settings;
  Calendar calendar;
  StreamClock clock;
  Decoder decoder;
  Registry registry;
  Derivation derivation;
  AlertFold fold;
  GatewayConditions conditions;
  Redelivery redelivery;
  std::unordered_map<std::string, std::uint64_t> retained;
  std::vector<DecodedValue> values;         // of the message at hand
  std::vector<Reading> made;                // derived from the message at hand
  std::vector<std::int64_t> heard_boot_ms;  // by readings entry

  std::uint64_t last_seq = 0;
  std::int64_t snapshot_stream_ms = 0;
  Midnight midnight;
  Day gateway_day = INT32_MIN;  // the newest day that a batch names
  std::uint64_t records = 0;
  std::uint64_t overload = 0;

  Batch batch;                    // growing
  bool times_may_change = false;  // of the growing batch's readings: one came while the clock was unset
  RunningTallies tallies;         // of its readings
  std::set<SensorId> derived;     // that had a reading in `batch`
  std::map<std::pair<std::string, SensorId>, RuleState> rule_states;  // of `batch`
  std::deque<Batch> sealed;
  std::size_t sealed_readings = 0;
  bool anything = false;  // in `batch`, beside the cursor
  std::vector<AlertEvent> events;

  // Of the record at hand.
  FoldTime now;
  Counts* counts = nullptr;

  void begin(const JournalRecord& record);
  void end(const JournalRecord& record);
  void collect_events(std::vector<AlertEvent> happened);
  void reject_message(const JournalRecord& record, Counter reason);
  void quarantine(const JournalRecord& record, Counter reason);
  void message(const JournalRecord& record);
  // Counts the message if it is not wanted.
  bool wants_retained(const JournalRecord& record, RetainedPolicy policy);
  void reading(const JournalRecord& record, const DecodedValue& found, std::string_view unit);
  void take_derived();
  SensorEntryState& add_sensor(std::string_view name, std::string_view unit);
  void settle_unit(SensorEntryState& sensor, std::string_view unit);
  void note_unit(const SensorEntryState& sensor);
  // What rules look back on. Derived readings are not stored, but follow from what is.
  void recall(const std::vector<RecentReading>& recent);
  void collect_rule_states();
  void collect_rule_states(std::vector<RuleState> changed);
  void seal_before(const JournalRecord& record);
  void skip_to(StreamClockState later);
  bool pending();  // is there anything in `batch`?
  void seal();
};

}  // namespace sluice
