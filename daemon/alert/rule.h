// Rule: one `alerts:` entry of the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

enum class ConditionKind { kAbove, kBelow, kOutside, kInside, kSilentFor };

struct Rule {
  std::string name;
  std::string sensor;  // filter over sensor names
  ConditionKind kind = ConditionKind::kAbove;
  double low = 0;   // below: the limit; inside, outside: lower end
  double high = 0;  // above: the limit; inside, outside: upper end
  std::optional<double>
      clear;  // above: clears at <=; below: clears at >=; absent: when the condition is false
  std::chrono::milliseconds silent_for{0};
  std::chrono::milliseconds hold{0};  // `for`
  std::string severity = "warning";
  std::vector<std::string> notify{"mqtt"};
  std::string message;  // template: {sensor} {value} {unit} {threshold} {alert} {severity} {since} {label.X}
  std::string digest() const;  // of everything that changes when it fires
};

struct AlertSettings {
  std::string gateway;
  std::chrono::milliseconds max_age{10 * 60 * 1000};
  std::vector<Rule> rules;
};

}  // namespace sluice
