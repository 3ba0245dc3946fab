#include "config/load_condition.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>
#include <tuple>

#include "alert/rule.h"
#include "config/names.h"
#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kShortest{1000};
constexpr milliseconds kLongest{hours(24 * 365)};
constexpr milliseconds kWindowMax{hours(24 * 31)};
constexpr int kGridMax = 1000;  // windows that overlap at a time
constexpr std::size_t kLevelsMax = 9;

// Exactly one of the conditions; each further one names the first.
std::string only_condition(MapReader& reader) {
  static const std::vector<std::string> kConditions{
      "above", "below",      "outside",   "inside", "equals",        "not_equals", "changes_by",
      "rate",  "silent_for", "stuck_for", "count",  "missing_ratio", "levels"};
  std::string first;
  for (const std::string& key : kConditions) {
    if (!reader.given(key)) continue;
    if (first.empty()) {
      first = key;
      continue;
    }
    Position other = reader.at(first);
    reader.wrong(key, "is a second condition in one alert",
                 "expected exactly one: \"" + first + "\" is at " + std::to_string(other.line) + ":" +
                     std::to_string(other.column) + ", make two alerts of them");
  }
  if (first.empty()) {
    reader.absent(kConditions, "", "has no condition", "expected exactly one of " + listed(kConditions));
  }
  return first;
}

// A number, or the name of a state in readings.
std::optional<double> state_of(MapReader& reader, const std::string& key, const DecodeSettings& decode) {
  std::string text;
  if (!reader.text(key, text)) return std::nullopt;
  double value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc() && end == text.data() + text.size() && std::isfinite(value)) return value;
  if (text == "true" || text == "false") return text == "true" ? 1 : 0;
  std::set<double> values;
  std::vector<std::string> known;
  for (const ReadingsEntry& entry : decode.readings) {
    for (const auto& [name, number] : entry.states) {
      known.push_back(name);
      if (name == text) values.insert(number);
    }
  }
  if (values.size() == 1) return *values.begin();
  reader.wrong(key,
               values.empty() ? "is " + in_quotes(text) : in_quotes(text) + " has several values in readings",
               "expected a number, or a name under states in readings", nearest(text, known));
  return std::nullopt;
}

// above … not_equals, of the rule itself or of what it counts.
void load_comparison(MapReader& reader, const DecodeSettings& decode, ConditionKind& kind, double& low,
                     double& high) {
  if (auto above = reader.real("above")) std::tie(kind, high) = std::tuple(ConditionKind::kAbove, *above);
  if (auto below = reader.real("below")) std::tie(kind, low) = std::tuple(ConditionKind::kBelow, *below);
  if (auto ends = reader.interval("outside")) {
    kind = ConditionKind::kOutside;
    std::tie(low, high) = *ends;
  }
  if (auto ends = reader.interval("inside")) {
    kind = ConditionKind::kInside;
    std::tie(low, high) = *ends;
  }
  if (auto value = state_of(reader, "equals", decode)) {
    std::tie(kind, low) = std::tuple(ConditionKind::kEquals, *value);
  }
  if (auto value = state_of(reader, "not_equals", decode)) {
    std::tie(kind, low) = std::tuple(ConditionKind::kNotEquals, *value);
  }
}

void load_over(MapReader& reader, const std::string& condition, Rule& rule) {
  reader.map("over", [&](MapReader& over) {
    over.choice("function", rule.measure, window_function_words());
    over.duration("window", rule.window, kShortest, kWindowMax);
    if (std::string every; over.text("every", every) && every != "sliding") {
      over.duration("every", rule.every, kShortest, kWindowMax);
    }
    over.duration("lateness", rule.lateness, milliseconds(0), kWindowMax);
    if (!reader.given("over")) return;
    over.required("function",
                  "the figure: mean, min, max, median, p95, stddev, sum, count, first, last or range");
    over.required("window", "how far back it looks, such as 5m");
    if (rule.every.count() > 0 && (rule.every > rule.window || rule.every * kGridMax < rule.window)) {
      over.wrong("every", "does not fit the window",
                 "expected the window or a part of it, down to a thousandth");
    }
    if (rule.lateness.count() > 0 && rule.every.count() == 0) {
      over.wrong("lateness", "has no meaning for a sliding window, which takes late readings as they come",
                 "expected every: with a duration, or no lateness");
    }
  });
  static const std::set<std::string> kWith{"above",  "below",      "outside", "inside",
                                           "equals", "not_equals", "levels"};
  if (reader.given("over") && kWith.count(condition) == 0) {
    reader.wrong("over", "does not go with " + condition, "expected above, below, outside, inside or levels");
  }
}

void load_changes(MapReader& reader, Rule& rule) {
  const bool given = reader.given("changes_by");
  reader.map("changes_by", [&](MapReader& change) {
    if (given) change.required("more_than", "a number");
    if (given) change.required("within", "how far back it looks, such as 10m");
    if (auto limit = change.real("more_than")) {
      rule.high = *limit;
      if (*limit < 0) change.wrong("more_than", "is negative", "expected 0 or more: how far, either way");
    }
    change.duration("within", rule.window, kShortest, kWindowMax);
  });
  if (given) rule.measure = Measure::kChange;
}

void one_limit(MapReader& reader) {
  constexpr const char* kExpected = "expected one of above and below";
  if (reader.given("above") && reader.given("below")) reader.wrong("", "needs one limit", kExpected);
  if (reader.given("above") || reader.given("below")) return;
  reader.absent({"above", "below"}, "", "needs one limit", kExpected);
}

void load_rate(MapReader& reader, Rule& rule) {
  const bool given = reader.given("rate");
  reader.map("rate", [&](MapReader& rate) {
    if (given) rate.required("per", "the time that the change is per, such as 1m");
    auto above = rate.real("above");
    auto below = rate.real("below");
    if (given) one_limit(rate);
    if (above) std::tie(rule.kind, rule.high) = std::tuple(ConditionKind::kAbove, *above);
    if (below) std::tie(rule.kind, rule.low) = std::tuple(ConditionKind::kBelow, *below);
    const bool has_per = rate.duration("per", rule.per, milliseconds(1), kLongest) && given;
    if (has_per) rule.window = rule.per;
    if (has_per && !rate.given("within") && (rule.per < kShortest || rule.per > kWindowMax)) {
      rate.wrong("per", "is no time to look back on", "expected within: beside it, from 1s to 31d");
    }
    rate.duration("within", rule.window, kShortest, kWindowMax);
  });
  if (given) rule.measure = Measure::kRate;
}

void load_stuck(MapReader& reader, Rule& rule) {
  if (auto tolerance = reader.real("tolerance")) {
    rule.tolerance = *tolerance;
    if (!reader.given("stuck_for")) {
      reader.wrong("tolerance", "goes only with stuck_for", "expected no tolerance with this condition");
    } else if (*tolerance < 0) {
      reader.wrong("tolerance", "is negative", "expected 0 or more");
    }
  }
  if (!reader.duration("stuck_for", rule.window, kShortest, kWindowMax)) return;
  rule.measure = Measure::kSteady;
  rule.kind = ConditionKind::kInside;
  rule.low = static_cast<double>(rule.window.count()) / 1000.0;
  rule.high = std::numeric_limits<double>::infinity();
}

void one_comparison(MapReader& of) {
  static const std::vector<std::string> kComparisons{"above",  "below",  "outside",
                                                     "inside", "equals", "not_equals"};
  const std::string expected = "expected exactly one of " + listed(kComparisons);
  const auto conditions = std::count_if(kComparisons.begin(), kComparisons.end(),
                                        [&of](const std::string& key) { return of.given(key); });
  if (conditions > 1) of.wrong("", "needs one condition", expected);
  if (conditions == 0) of.absent(kComparisons, "", "needs one condition", expected);
}

void load_count(MapReader& reader, const DecodeSettings& decode, Rule& rule) {
  const bool given = reader.given("count");
  reader.map("count", [&](MapReader& count) {
    if (given) count.required("of", "what is counted, such as { above: 28 }");
    if (given) count.required("more_than", "a number of readings");
    if (given) count.required("within", "how far back it looks, such as 10m");
    count.map("of", [&](MapReader& of) {
      if (given && count.given("of")) one_comparison(of);
      load_comparison(of, decode, rule.of.kind, rule.of.low, rule.of.high);
    });
    count.number("more_than", rule.high, 0, 100000);
    count.duration("within", rule.window, kShortest, kWindowMax);
  });
  if (given) rule.measure = Measure::kCount;
}

void load_missing(MapReader& reader, Rule& rule) {
  const bool given = reader.given("missing_ratio");
  reader.map("missing_ratio", [&](MapReader& missing) {
    if (given) missing.required("above", "a part of the expected readings, such as 0.2");
    if (given) missing.required("within", "how far back it looks, such as 1h");
    if (auto above = missing.real("above")) {
      rule.high = *above;
      if (*above < 0 || *above >= 1)
        missing.wrong("above", "is no part of 1", "expected 0 or more and under 1");
    }
    missing.duration("within", rule.window, kShortest, kWindowMax);
  });
  if (given) rule.kind = ConditionKind::kMissingRatio;
}

void load_levels(MapReader& reader, Rule& rule) {
  const auto count = reader.each("levels", [&](MapReader& level) {
    Level step;
    level.required("severity", "one word, such as warning");
    load_severity(level, step.severity);
    auto above = level.real("above");
    auto below = level.real("below");
    step.clear = level.real("clear");
    one_limit(level);
    if (above.has_value() == below.has_value()) return;
    const ConditionKind kind = above ? ConditionKind::kAbove : ConditionKind::kBelow;
    step.limit = above ? *above : *below;
    const double sign = above ? 1 : -1;
    if (!rule.levels.empty() && (kind != rule.kind || (step.limit - rule.levels.back().limit) * sign <= 0)) {
      level.wrong(above ? "above" : "below", "does not go on where the level before ended",
                  "expected the mildest level first, all of them above or all below");
    }
    if (step.clear && (*step.clear - step.limit) * sign > 0) {
      level.wrong("clear", "is beyond the limit", "expected a value on the other side of it");
    }
    rule.kind = kind;
    rule.levels.push_back(std::move(step));
  });
  if (count && (*count == 0 || *count > kLevelsMax)) {
    reader.wrong("levels", "has " + std::to_string(*count) + " entries", "expected 1 to 9");
  }
}

void load_clear(MapReader& reader, Rule& rule) {
  rule.clear = reader.real("clear");
  if (!rule.clear || !reader.clean()) return;
  if (!rule.levels.empty()) {
    reader.wrong("clear", "goes into each of the levels", "expected it beside their limits");
  } else if (rule.kind != ConditionKind::kAbove && rule.kind != ConditionKind::kBelow) {
    reader.wrong("clear", "goes only with above or below", "expected no clear with this condition");
  } else if (rule.kind == ConditionKind::kAbove && *rule.clear > rule.high) {
    reader.wrong("clear", "is over the limit of above", "expected a value at or under that limit");
  } else if (rule.kind == ConditionKind::kBelow && *rule.clear < rule.low) {
    reader.wrong("clear", "is under the limit of below", "expected a value at or over that limit");
  }
}

}  // namespace

bool load_severity(MapReader& reader, std::string& severity) {
  if (!reader.text("severity", severity)) return false;
  bool plain = severity.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string::npos;
  if (!severity.empty() && plain) return true;
  reader.wrong("severity", "is " + in_quotes(severity),
               "expected one word in lower-case letters, such as info, warning or critical",
               nearest(severity, {"info", "warning", "critical"}));
  return true;
}

void load_condition(MapReader& reader, const DecodeSettings& decode, Rule& rule) {
  const std::string condition = only_condition(reader);
  load_comparison(reader, decode, rule.kind, rule.low, rule.high);
  if (reader.duration("silent_for", rule.silent_for, seconds(1), kLongest))
    rule.kind = ConditionKind::kSilentFor;
  load_changes(reader, rule);
  load_rate(reader, rule);
  load_stuck(reader, rule);
  load_count(reader, decode, rule);
  load_missing(reader, rule);
  load_levels(reader, rule);
  load_over(reader, condition, rule);
  load_clear(reader, rule);
}

}  // namespace sluice
