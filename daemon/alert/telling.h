// Telling: how a transition is told, and who keeps it from being told: silences and the hours of a rule. What
// holds is a function of the wall time and the silences there are. Part of AlertFold, on its thread.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/rule.h"
#include "alert/steadiness.h"
#include "base/calendar.h"
#include "model/alert_event.h"
#include "model/reading.h"
#include "model/silence.h"

namespace sluice {

// What the fold has to know of a sensor; the pointers stay valid as long as the fold.
struct SensorFacts {
  SensorId id = 0;
  const std::string* name = nullptr;
  const std::string* unit = nullptr;
  const std::map<std::string, std::string>* labels = nullptr;
  std::int64_t every_ms = 0;  // expected interval between readings; 0: not known
  bool registered = false;    // named in the configuration: its silence counts before it was ever heard
  bool derived = false;       // no message carries it
  bool expected = true;       // something in the configuration may bring it; else its silence says nothing
};

// Those of `told` that are not among `now`.
std::vector<std::string> others_than(const std::vector<std::string>& now,
                                     const std::vector<std::string>& told);

using TopicMatch = bool (*)(std::string_view filter, std::string_view topic);

class Telling {
 public:
  // Without a calendar no rule may have hours.
  Telling(const AlertSettings& settings, TopicMatch matches, const Calendar* calendar)
      : settings_(settings), matches_(matches), calendar_(calendar), muted_(settings.rules.size()) {}

  // As of an alert at `level`.
  AlertEvent event_of(const Rule& rule, const SensorFacts& facts, const Steadiness& state, std::uint8_t level,
                      double value, std::int64_t at_ms) const;
  const std::vector<Silence>& silences() const { return silences_; }
  // The first that covers this pair; null: none does.
  const Silence* silence_of(std::uint32_t rule, const SensorFacts& facts) const;
  // kMuted, kSilenced: why this pair may not be told of now; 0: it may.
  std::uint32_t hush(std::uint32_t rule, const SensorFacts& facts) const;

  // When the answer of hush() may change by time alone; at any time after that, or after a step back, call
  // move_to().
  std::int64_t next_change_wall_ms() const { return next_change_ms_; }
  void move_to(std::int64_t wall_ms);
  std::int64_t moved_to_ms() const { return moved_to_ms_; }

  static constexpr std::size_t kSilencesMax = 1000;
  bool add(const Silence& silence);         // false: there are too many
  bool end(std::uint64_t id);               // false: there is none
  std::vector<std::uint64_t> take_ended();  // since the last call, by time or by end()

 private:
  const AlertSettings& settings_;
  TopicMatch matches_;
  const Calendar* calendar_;
  std::vector<Silence> silences_;
  std::vector<std::uint64_t> ended_;
  std::vector<bool> muted_;  // by rule
  std::int64_t next_change_ms_ = std::numeric_limits<std::int64_t>::max();
  std::int64_t moved_to_ms_ = std::numeric_limits<std::int64_t>::min();
};

}  // namespace sluice
