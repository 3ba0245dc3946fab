// AlertFold: the state of every (rule, sensor) pair, moved by readings and deadlines. A fold: the same calls
// give the same transitions, ids and times. One thread, no I/O.
//
// Two clocks drive deadlines: stream time (never goes back) for `for`, and subscribed time (stands still
// while we are not subscribed) for `silent_for`. advance() runs all that are due, in deadline order.
//
// What moves a pair: a reading that is neither retained nor a duplicate, and, for conditions on values, not
// older than the sensor's newest. A reading older than alerting.max_age, or one that waited in the session's
// backlog, moves it quietly; what still stands then is told once: by the next fresh reading, or when the
// backlog ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/rule.h"
#include "model/alert_event.h"
#include "model/batch.h"
#include "model/reading.h"

namespace sluice {

// The clocks at a moment, all in ms.
struct FoldTime {
  std::int64_t stream_ms = 0;
  std::int64_t subscribed_ms = 0;
  std::int64_t wall_minus_stream_ms = 0;
  bool connected = false;  // since the previous FoldTime
  bool backlog = false;
};

// What the fold has to know of a sensor; the pointers stay valid as long as the fold.
struct SensorFacts {
  SensorId id = 0;
  const std::string* name = nullptr;
  const std::string* unit = nullptr;
  const std::map<std::string, std::string>* labels = nullptr;
};

using TopicMatch = bool (*)(std::string_view filter, std::string_view topic);

class AlertFold {
 public:
  AlertFold(AlertSettings settings, TopicMatch matches);
  ~AlertFold();

  // Matches the sensor against every rule, once. `last`: its newest reading, if it was heard before.
  void add_sensor(const SensorFacts& facts, const SensorLast* last = nullptr);
  // At start, after add_sensor: what was not idle. A state whose rule has gone or changed is resolved (event
  // flag kRuleRemoved, no channels: all that there are).
  void restore(const std::vector<RuleState>& states, const FoldTime& time);

  void advance(const FoldTime& time);                             // deadlines due by then
  void on_reading(const Reading& reading, const FoldTime& time);  // after advance() to the same time
  void on_backlog_end(const FoldTime& time);  // tells of what began quietly and still stands
  std::optional<std::int64_t> next_deadline_stream_ms(const FoldTime& time) const;

  std::vector<AlertEvent> take_events();     // transitions since the last call, in order
  std::vector<RuleState> take_changed();     // newest state of each pair that moved since the last call
  std::vector<AlertEvent> standing() const;  // firing and told, as they would be told again
  std::vector<RuleState> states() const;     // those not idle
  std::size_t firing() const;
  std::size_t pairs() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
