// AlertFold: the state of every (rule, sensor) pair, moved by readings and deadlines. A fold: the same calls
// give the same transitions, ids and times. One thread, no I/O.
//
// Two clocks drive deadlines: stream time (never goes back) for `for`, and subscribed time (stands still
// while we are not subscribed) for `silent_for`. advance() runs all that are due, in deadline order.
#pragma once

#include <cstdint>
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
  bool connected = false;
  bool backlog = false;
};

// What the fold has to know of a sensor that a rule may match.
struct SensorFacts {
  SensorId id = 0;
  const std::string* name = nullptr;
  const std::string* unit = nullptr;
  const std::map<std::string, std::string>* labels = nullptr;
};

class AlertFold {
 public:
  explicit AlertFold(const AlertSettings& settings);
  ~AlertFold();

  void add_sensor(const SensorFacts& facts);  // matches it against every rule, once
  // At start, after add_sensor: what was not idle, and when each sensor was last heard. A state whose rule
  // has gone or changed is resolved (event flag kRuleRemoved).
  void restore(const std::vector<RuleState>& states, const std::vector<SensorLast>& last,
               const FoldTime& time);

  void advance(const FoldTime& time);                             // deadlines due by then
  void on_reading(const Reading& reading, const FoldTime& time);  // after advance() to the same time
  void on_backlog_end(const FoldTime& time);  // tells of what began quietly and still stands
  std::optional<std::int64_t> next_deadline_stream_ms(const FoldTime& time) const;

  // Transitions since the last take, in order. `changed` gets the newest state of each pair that moved.
  void take(std::vector<AlertEvent>& events, std::vector<RuleState>& changed);
  std::size_t firing() const;
  std::vector<RuleState> states() const;  // those not idle

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
