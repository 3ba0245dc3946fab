// AlertFold: the state of every (rule, sensor) pair, moved by readings and deadlines. A fold: the same calls
// give the same transitions, ids and times. One thread, no I/O.
//
// Three clocks drive deadlines: stream time (never goes back) for `for`, keep_firing_for, repeat and
// missing_ratio, subscribed time (stands still while we are not subscribed) for silent_for, and wall time for
// silences and hours. advance() runs all that are due, in deadline order.
//
// What moves a pair: a reading that is neither retained nor a duplicate, and, for conditions on values, not
// older than the sensor's newest; conditions that look back take any that lies in their window. A reading
// older than alerting.max_age, one that waited in the session's backlog, and one from before the clock was
// set move it quietly; what still stands then is told once: by the next fresh reading, or when the backlog
// ends. A rule's `accept` lifts each of these.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/kept_back.h"
#include "alert/rule.h"
#include "alert/telling.h"
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
  bool clock_trusted = true;
  std::int64_t connected_since_ms = 0;  // stream time

  std::int64_t wall_ms() const { return stream_ms + wall_minus_stream_ms; }
};

// A rule that does not see all of its window, because a sensor says more in it than is remembered.
struct CutWindow {
  std::string alert;
  std::string sensor;         // the first of them
  std::size_t sensors = 0;    // how many
  std::int64_t reach_ms = 0;  // how far back it sees, there
  std::int64_t back_ms = 0;   // how far back it should
  std::size_t needed = 0;     // readings remembered that would be enough for all of them, about
};

class AlertFold {
 public:
  // `calendar`: for rules with hours.
  AlertFold(AlertSettings settings, TopicMatch matches, std::optional<Calendar> calendar = std::nullopt);
  ~AlertFold();

  // Matches the sensor against every rule, once. `last`: its newest reading, if it was heard before, or when
  // it was first known.
  void add_sensor(const SensorFacts& facts, const SensorLast* last = nullptr);
  // At start, after add_sensor: readings for rules that look back, in order of arrival.
  void recall(const RecentReading& reading);
  // At start, after recall: what was not forgettable; states of the gateway itself are not ours. A state
  // whose rule has gone or changed is resolved (event flag kRuleRemoved) with the severity and labels that it
  // stands with, by which receivers know it, and for those whom it was told to (not known: for all).
  void restore(const std::vector<RuleState>& states, const std::vector<Silence>& silences,
               const FoldTime& time, const std::vector<AlertEvent>& standing = {});

  void advance(const FoldTime& time);                             // deadlines due by then
  void on_reading(const Reading& reading, const FoldTime& time);  // after advance() to the same time
  void on_backlog_end(const FoldTime& time);    // tells of what began quietly and still stands
  void on_clock_trusted(const FoldTime& time);  // likewise
  void on_silence(const Silence& silence);      // from now on; beyond 1,000 it is ignored
  void on_unsilence(std::uint64_t id, const FoldTime& time);
  std::optional<std::int64_t> next_deadline_stream_ms(const FoldTime& time) const;

  std::vector<AlertEvent> take_events();       // transitions since the last call, in order
  std::vector<RuleState> take_changed();       // newest state of each pair that moved since the last call
  std::vector<SilenceChange> take_silences();  // begun and ended since the last call
  std::vector<AlertEvent> standing() const;    // firing and told, as they would be told again
  std::vector<KeptBack> kept_back() const;     // firing, and nobody is told of it now
  const std::vector<Silence>& silences() const;
  std::vector<RuleState> states() const;  // those not forgettable
  std::size_t firing() const;
  std::size_t pairs() const;
  std::vector<CutWindow> cut_windows() const;  // one a rule, where there are any
  std::optional<CutWindow> cut_window(SensorId sensor, const std::string& rule) const;
  std::uint64_t not_finite() const;  // figures of windows that were no number, since made

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// How long before a sensor's newest reading the others lie that the rules on one of this name can still look
// at; 0: none.
std::int64_t recall_ms(const AlertSettings& settings, TopicMatch matches, const std::string& sensor);

}  // namespace sluice
