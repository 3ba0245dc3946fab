// What a `readings:` entry and a `sensors:` entry of the configuration say; `derived:` is in
// derived_sensor.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "decode/derived_sensor.h"
#include "model/sensor_kind.h"

namespace sluice {

enum class PayloadFormat { kJson, kNumber };
enum class TimeFormat { kAuto, kRfc3339, kSeconds, kMilliseconds, kMicroseconds, kNanoseconds };
enum class RetainedPolicy { kIfNew, kIgnore, kStore };

struct ReadingsEntry {
  std::string topic;  // filter
  int qos = 1;
  PayloadFormat format = PayloadFormat::kJson;
  std::string value;  // JSON pointer (RFC 6901); empty: the whole document
  std::string time;   // JSON pointer; empty: arrival time
  TimeFormat time_format = TimeFormat::kAuto;
  std::vector<std::string> fields;       // members of the document, one reading each
  std::string each;                      // JSON pointer to an array, one reading an element
  std::string sensor;                    // name template; empty: {topic}, or {topic}/{field} with fields
  std::map<std::string, double> states;  // strings that are numbers
  std::string unit;
  std::string unit_at;  // JSON pointer; empty: every reading is in `unit`
  RetainedPolicy retained = RetainedPolicy::kIfNew;
};

struct SensorEntry {
  std::string sensor;  // filter over sensor names
  std::optional<double> scale;
  std::optional<double> offset;
  std::optional<std::pair<double, double>> plausible;  // closed interval, after calibration
  std::vector<double> invalid;                         // sentinels, before calibration
  std::optional<std::chrono::milliseconds> every;      // expected interval between readings
  std::optional<SensorKind> kind;                      // what the values mean, for summaries
  std::optional<std::string> unit;
  std::map<std::string, std::string> labels;
};

struct DecodeSettings {
  std::vector<ReadingsEntry> readings;
  std::vector<SensorEntry> sensors;
  std::vector<DerivedSensor> derived;
  std::chrono::milliseconds max_future{5 * 60 * 1000};
  std::size_t max_sensors = 100000;  // sensor names remembered; more are rejected
  std::size_t max_each = 10000;      // readings in one message
};

}  // namespace sluice
