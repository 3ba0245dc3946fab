// Batch: what the engine made of a run of journal records, and the store writes in one transaction: all of it
// or nothing. Checkpoint: what the store gives back at start, so that the fold goes on where the last batch
// ended.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/alert_event.h"
#include "model/counters.h"
#include "model/reading.h"
#include "model/silence.h"
#include "model/stream_clock_state.h"
#include "model/tally.h"

namespace sluice {

// How far the journal has been folded. Records up to and including `seq` are in the store.
struct Cursor {
  std::string journal_id;  // random, made with the ring
  std::uint64_t seq = 0;
  bool operator==(const Cursor&) const = default;
};

// A message delivered at QoS 1 or 2, remembered to know it again when the broker redelivers it. Packet id 0,
// which no message has, marks a connection: hash 1 with the session, 0 with a new one; 2: not known any more.
struct DeliveredMessage {
  std::uint16_t packet_id = 0;
  std::uint32_t hash = 2;  // of topic and payload
  bool operator==(const DeliveredMessage&) const = default;
};
// Deliveries are numbered from 0; a run of them.
struct DeliveredRun {
  std::uint64_t first = 0;
  std::vector<DeliveredMessage> messages;
  bool operator==(const DeliveredRun&) const = default;
};
// The deliveries of a backlog are kept in runs of this length, beginning at its multiples.
inline constexpr std::size_t kBacklogRun = 128;
inline constexpr std::size_t kBacklogRunsMax = 256;

struct SensorRow {
  SensorId id = 0;
  std::string name;
  std::string unit;
  std::int64_t subscribed_ms = 0;  // subscribed time when it was first known
};

// What the newest rows say of a sensor, those flagged kRetained or kDuplicate left out; the store rebuilds it
// at start from a snapshot and the rows after it.
struct SensorLast {
  SensorId id = 0;
  std::int64_t time_ms = 0;  // newest reading time; 0: none yet
  double value = 0;
  std::uint32_t flags = 0;      // of the same reading
  std::int64_t lag_ms = 0;      // of the same reading: arrival - time
  std::int64_t arrival_ms = 0;  // of the newest arrival, wall
  // Subscribed time of that arrival. From the clock of the row's batch: connected, then subscribed_ms less
  // the time since, stream_ms - (arrival_ms - wall_minus_stream_ms); else subscribed_ms. Never heard: when it
  // was first known.
  std::int64_t subscribed_ms = 0;
};

// A stored reading, given back at start to a fold that looks back.
struct RecentReading {
  Reading reading;
  std::int64_t arrival_stream_ms = 0;  // arrival_ms less the wall_minus_stream_ms of its batch
};

// A level that an alert is on its way to.
struct LevelStep {
  std::uint8_t level = 0;
  std::int64_t since_ms = 0;  // when the condition began to call for it, in the sensor's time
  std::int64_t due_ms = 0;    // stream time at which it is reached
  bool operator==(const LevelStep&) const = default;
};

// A retained reading or duplicate that a rule takes, newer than the sensor's newest without those.
struct AcceptedCopy {
  std::int64_t time_ms = 0;  // 0: there is none
  double value = 0;
  std::uint32_t doubts = 0;
  bool operator==(const AcceptedCopy&) const = default;
};

// State of one rule on one sensor. A row is written when it changes, not for each reading.
struct RuleState {
  enum class Phase : std::uint8_t { kIdle = 0, kPending = 1, kFiring = 2 };
  std::string rule;
  SensorId sensor = 0;
  Phase phase = Phase::kIdle;
  std::int64_t since_ms = 0;     // pending: when the condition became true; firing: the alert's `since`
  std::int64_t deadline_ms = 0;  // moving: stream time at which it is at level `toward`
  std::uint8_t told_level = 0;   // firing: the level that somebody was told of; 0: nobody was
  double value = 0;              // at the transition
  // The rule's definition; a row with another digest is resolved, not continued. Of kGatewaySensor: its text.
  std::string rule_digest;
  std::uint8_t level = 0;   // 0: not firing
  std::uint8_t toward = 0;  // equal to level: not moving
  std::int64_t move_since_ms = 0;
  std::int64_t told_ms = 0;  // stream time of the newest telling
  bool flapping = false;
  bool since_estimated = false;       // firing: the clock was not trusted when it began
  std::uint32_t open = 0;             // doubts of the sensor's newest reading that no longer count
  std::vector<std::int64_t> changes;  // when it fired and resolved, the newest few, for flap detection
  std::vector<LevelStep> further;     // beyond `toward`, in order
  AcceptedCopy copy;
  // A row without meaning, to be deleted.
  bool forgettable() const { return phase == Phase::kIdle && changes.empty() && copy.time_ms == 0; }
};

// A silence that began, or one that ended (only its id counts).
struct SilenceChange {
  Silence silence;
  bool ended = false;
};

// Alerts about the gateway itself have this sensor, which no reading has.
inline constexpr SensorId kGatewaySensor = 0;
inline constexpr char kGatewaySensorName[] = "$gateway";

struct QuarantineSample {
  std::int64_t at_ms = 0;
  std::string topic;
  std::string payload;  // at most kQuarantinePayloadMax bytes of it
  Counter reason = Counter::kMessagesMalformed;
};
inline constexpr std::size_t kQuarantinePayloadMax = 1024;

struct Batch {
  Cursor cursor;
  StreamClockState clock;
  bool unset = false;  // all of it arrived while the clock was not trusted: its times are estimates
  std::vector<SensorRow> new_sensors;
  std::vector<Reading> readings;
  // The speed layer's, of `readings` without kDuplicate; absent where their times may still change.
  std::optional<std::vector<DayTally>> tallies;
  std::vector<RuleState> rule_states;  // the newest per (rule, sensor)
  std::vector<AlertEvent> events;      // in order
  DeliveredRun delivered;              // the newest receive_maximum
  std::vector<DeliveredRun> backlog;   // runs of a backlog that grew, ascending
  std::vector<std::pair<std::string, std::uint64_t>>
      retained;  // topic → hash of its last retained payload, changed ones
  std::vector<QuarantineSample> quarantine;
  Ledger counts;                        // to add, by arrival day
  std::vector<SensorLast> snapshot;     // empty, or all sensors as of the end of this batch
  std::vector<SensorLast> derived;      // of derived sensors that had a reading: they have no rows
  std::vector<SilenceChange> silences;  // in order
  std::vector<Day> gateway_days;        // days on which the gateway ran, that no batch has named yet
};

// How far back the fold has to see, to go on.
struct Lookback {
  std::int64_t last_ms = 0;  // sensors' newest readings, where there is no snapshot yet
  // How long before its newest reading those of a sensor of this name lie, or arrived, that are looked back
  // on; 0: none are.
  std::function<std::int64_t(const std::string& sensor)> recall_ms = {};
  std::size_t recent_max = 1000;      // readings of one sensor, the newest by time
  std::int64_t ahead_ms = 5 * 60000;  // so much later than it arrives a reading may be
};

struct Checkpoint {
  Cursor cursor;  // journal_id empty: a new database
  StreamClockState clock;
  std::vector<SensorRow> sensors;  // ids ascending
  std::vector<SensorLast> last;
  std::vector<RecentReading> recent;   // in order of arrival, of all sensors that are looked back on
  std::vector<RuleState> rule_states;  // those not forgettable
  std::vector<Silence> silences;
  std::vector<DeliveredRun> delivered;  // ascending; the last may repeat some of those before
  std::vector<std::pair<std::string, std::uint64_t>> retained;
  std::vector<AlertEvent> undelivered;  // with one channel each
  std::vector<AlertEvent> standing;     // as they were told of when they fired
  std::int64_t newest_row_ms = 0;       // newest arrival stored, for clock.trust
};

}  // namespace sluice
