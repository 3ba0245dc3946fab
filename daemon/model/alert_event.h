// AlertEvent: one transition of an alert, as it is published, stored and shown.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sluice {

enum class AlertState : std::uint8_t { kResolved = 0, kFiring = 1 };

// Bits of AlertEvent::flags; stored, so values never change meaning.
enum AlertFlag : std::uint32_t {
  kQuiet = 1u << 0,          // moved state without telling anybody (older than alerting.max_age, queued)
  kStanding = 1u << 1,       // tells now of an alert that began quietly
  kClockWasUnset = 1u << 2,  // now, or when the alert began
  kTest = 1u << 3,
  kRuleRemoved = 1u << 4,  // resolved because the rule left the configuration
  kRepeated = 1u << 5,     // told before: the interval `repeat` has passed
  kNewLevel = 1u << 6,     // the alert stood before, at another severity
  kFlapping = 1u << 7,     // fired and resolved too often: stands until it is calm
  kSilenced = 1u << 8,     // a silence matched: nobody was told
  kMuted = 1u << 9,        // outside the hours of its rule: nobody was told
  // What is known of the reading that made the transition.
  kFromQueued = 1u << 10,
  kFromLate = 1u << 11,
  kFromRetained = 1u << 12,
  kFromDuplicate = 1u << 13,
};

struct AlertEvent {
  std::string id;      // first 16 hex digits of SHA-256(gateway NUL alert NUL sensor NUL since_ms)
  std::string alert;   // rule name
  std::string sensor;  // sensor name, or "$gateway"
  AlertState state = AlertState::kFiring;
  std::string severity;
  double value = 0;  // of the reading that made the transition, or the last one
  double threshold = 0;
  std::string unit;
  std::map<std::string, std::string> labels;
  std::int64_t since_ms = 0;  // when the alert began: the time of a reading or of a deadline
  std::int64_t at_ms = 0;     // when this transition happened, likewise
  std::string message;
  std::uint32_t flags = 0;            // AlertFlag bits
  std::vector<std::string> channels;  // names of `notify` entries to tell
  // Firing: others that were told of it, under an earlier configuration, and that its end is told to.
  std::vector<std::string> formerly;
};

std::string alert_id(const std::string& gateway, const std::string& alert, const std::string& sensor,
                     std::int64_t since_ms);

}  // namespace sluice
