// The words that stand for enumerated values in a configuration: loaders read them, describe() writes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/settings.h"

namespace sluice {

template <class E>
using WordTable = std::vector<std::pair<std::string, E>>;

inline WordTable<int> protocol_words() {
  return {{"5", 5}, {"3.1.1", 3}};
}
inline WordTable<PayloadFormat> payload_format_words() {
  return {{"json", PayloadFormat::kJson}, {"number", PayloadFormat::kNumber}};
}
inline WordTable<TimeFormat> time_format_words() {
  return {{"auto", TimeFormat::kAuto},       {"rfc3339", TimeFormat::kRfc3339},
          {"s", TimeFormat::kSeconds},       {"ms", TimeFormat::kMilliseconds},
          {"us", TimeFormat::kMicroseconds}, {"ns", TimeFormat::kNanoseconds}};
}
inline WordTable<RetainedPolicy> retained_words() {
  return {{"if_new", RetainedPolicy::kIfNew},
          {"ignore", RetainedPolicy::kIgnore},
          {"store", RetainedPolicy::kStore}};
}
inline WordTable<SensorKind> sensor_kind_words() {
  WordTable<SensorKind> words;
  for (SensorKind kind : {SensorKind::kGauge, SensorKind::kCounter, SensorKind::kState})
    words.emplace_back(sensor_kind_word(kind), kind);
  return words;
}
inline WordTable<Statistic> statistic_words() {
  return {{"sum", Statistic::kSum},           {"time_weighted_mean", Statistic::kTimeWeightedMean},
          {"increase", Statistic::kIncrease}, {"states", Statistic::kStates},
          {"hours", Statistic::kHours},       {"in_alert", Statistic::kInAlert}};
}
inline WordTable<Durability> durability_words() {
  return {{"crash", Durability::kCrash}, {"power", Durability::kPower}};
}
inline WordTable<ClockSettings::Trust> trust_words() {
  using Trust = ClockSettings::Trust;
  return {{"auto", Trust::kAuto}, {"always", Trust::kAlways}, {"ntp", Trust::kNtp}};
}
inline WordTable<LogLevel> log_level_words() {
  return {{"debug", LogLevel::kDebug},
          {"info", LogLevel::kInfo},
          {"warning", LogLevel::kWarning},
          {"error", LogLevel::kError}};
}

inline WordTable<Measure> window_function_words() {
  return {{"mean", Measure::kMean},     {"min", Measure::kMin},       {"max", Measure::kMax},
          {"median", Measure::kMedian}, {"p95", Measure::kP95},       {"stddev", Measure::kStddev},
          {"sum", Measure::kSum},       {"count", Measure::kSamples}, {"first", Measure::kFirst},
          {"last", Measure::kLast},     {"range", Measure::kRange}};
}
inline WordTable<std::uint32_t> accept_words() {
  return {{"queued", kQueued},
          {"late", kLate},
          {"retained", kRetained},
          {"duplicate", kDuplicate},
          {"clock_unset", kClockUnset}};
}

template <class E>
std::string word_of(const WordTable<E>& words, E value) {
  for (const auto& [word, meaning] : words) {
    if (meaning == value) return word;
  }
  return "";
}

}  // namespace sluice
