// Rule: one `alerts:` entry of the configuration. A rule takes a measure of a sensor (its value, a figure of
// a window, a rate, …), compares it with a limit or with a ladder of them, and says how steady the outcome
// has to be and who is told. README.md beside this file explains every key with an example.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/reading.h"

namespace sluice {

enum class ConditionKind {
  kAbove,
  kBelow,
  kOutside,
  kInside,
  kEquals,
  kNotEquals,
  kSilentFor,
  kMissingRatio
};

// What is compared. All but kValue are figures of the readings in (t - window, t].
enum class Measure {
  kValue,
  kMean,
  kMin,
  kMax,
  kMedian,
  kP95,
  kStddev,
  kSum,
  kSamples,  // how many readings
  kFirst,
  kLast,
  kRange,
  kChange,  // changes_by: how far the newest value is from any other
  kRate,    // change per `per`, from the oldest to the newest
  kSteady,  // stuck_for: seconds for which the value has stayed within `tolerance`; looks back twice the
            // window
  kCount,   // how many readings meet `of`
};

struct Comparison {
  ConditionKind kind = ConditionKind::kAbove;
  double low = 0;   // below: the limit; inside, outside: lower end; equals, not_equals: the value
  double high = 0;  // above: the limit; inside, outside: upper end
};

// One step of a ladder, mildest first.
struct Level {
  std::string severity;
  double limit = 0;
  std::optional<double> clear;
};

// Hours of a week, local time. `to` at or before `from` is on the next day.
struct WeekHours {
  std::uint8_t days = 0x7f;  // bit 0 is Monday
  int from_minutes = 0;
  int to_minutes = 24 * 60;
};

// Of Rule::accept beside bits of ReadingFlag: older than alerting.max_age. Never stored.
inline constexpr std::uint32_t kLate = 1u << 31;

struct Rule {
  std::string name;
  std::string sensor;  // filter over sensor names
  ConditionKind kind = ConditionKind::kAbove;
  double low = 0;   // as in Comparison
  double high = 0;  // missing_ratio: the limit
  std::optional<double>
      clear;                  // above: clears at <=; below: clears at >=; absent: when the condition is false
  std::vector<Level> levels;  // with above or below: instead of the limit and `clear`
  Measure measure = Measure::kValue;
  std::chrono::milliseconds window{0};    // over.window, within, stuck_for
  std::chrono::milliseconds every{0};     // over.every; 0: sliding
  std::chrono::milliseconds lateness{0};  // over.lateness
  std::chrono::milliseconds per{0};       // rate
  double tolerance = 0;                   // stuck_for
  Comparison of;                          // count
  std::chrono::milliseconds silent_for{0};

  std::chrono::milliseconds hold{0};  // `for`
  std::chrono::milliseconds keep_firing_for{0};
  std::chrono::milliseconds repeat{0};  // 0: told once
  int flap_changes = 0;                 // 0: no flap detection
  std::chrono::milliseconds flap_within{0};
  std::vector<WeekHours> active;  // empty: always
  std::vector<WeekHours> mute;
  std::uint32_t accept =
      0;  // kRetained, kDuplicate, kQueued, kClockUnset, kLate: raise a live alert all the same

  std::string severity = "warning";
  std::map<std::string, std::string> labels;  // added to the sensor's, and win
  std::vector<std::string> notify{"mqtt"};
  std::string message;  // template: {sensor} {value} {unit} {threshold} {alert} {severity} {since} {label.X}

  std::string digest() const;       // of everything that changes when it fires
  std::int64_t history_ms() const;  // how far back its measure can look; 0: the newest value is enough
  int top_level() const;            // 1 without a ladder
  const std::string& severity_of(int level) const;
};

struct AlertSettings {
  std::string gateway;
  std::chrono::milliseconds max_age{10 * 60 * 1000};
  std::size_t window_samples = 1000;  // readings remembered of one sensor for windows, newest first
  std::vector<Rule> rules;
  std::vector<std::string> channels;  // all that there are
};

}  // namespace sluice
