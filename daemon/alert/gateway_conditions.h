// GatewayConditions: alerts about the gateway itself, of the sensor "$gateway". The part of the fold that
// kGatewayCondition records move: a condition is on, off, or happened once, and what was on for its hold time
// fires. Stored with the rules' states under kGatewaySensor, so a restart neither fires nor forgets anything.
// One thread, no I/O.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert_fold.h"
#include "alert/gateway_alert_settings.h"
#include "model/alert_event.h"
#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

class GatewayConditions {
 public:
  GatewayConditions(std::string gateway, GatewayAlertSettings settings)
      : gateway_(std::move(gateway)), settings_(std::move(settings)) {}

  // States of kGatewaySensor; others are not looked at. What is off now, or unknown, is resolved. `standing`:
  // as told of; others are not looked at.
  void restore(const std::vector<RuleState>& states, const FoldTime& time,
               const std::vector<AlertEvent>& standing = {});
  void advance(const FoldTime& time);                                 // deadlines due by then, in their order
  void on_record(const JournalRecord& record, const FoldTime& time);  // a kGatewayCondition; after advance()
  std::optional<std::int64_t> next_deadline_stream_ms() const;

  std::vector<AlertEvent> take_events();     // transitions since the last call, in order
  std::vector<RuleState> take_changed();     // newest state of each condition that moved since
  std::vector<AlertEvent> standing() const;  // firing
  std::vector<RuleState> states() const;     // those not idle
  std::vector<std::string> on() const;       // on by a record, and not off since: fired or not
  std::size_t firing() const;

 private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  struct Condition {
    RuleState::Phase phase = RuleState::Phase::kIdle;
    std::int64_t since_ms = 0;
    std::int64_t deadline_ms = kNever;  // stream time; pending: fires; firing: resolves
    std::string text;
    bool clock_unset = false;           // it fired while the clock was not set
    std::vector<std::string> formerly;  // AlertEvent::formerly
  };
  bool wanted(const std::string& name) const;
  void run_deadline(const std::string& name, Condition& condition, const FoldTime& time);
  void fire(const std::string& name, Condition& condition, std::int64_t since_ms, bool clock_trusted);
  void resolve(const std::string& name, Condition& condition, std::int64_t at_ms, std::uint32_t flags);
  AlertEvent event_of(const std::string& name, const Condition& condition, AlertState state,
                      std::int64_t at_ms) const;
  static RuleState state_of(const std::string& name, const Condition& condition);

  std::string gateway_;
  GatewayAlertSettings settings_;
  std::map<std::string, Condition> conditions_;  // those not idle; at most one a kind
  std::vector<AlertEvent> events_;
  std::map<std::string, RuleState> changed_;
};

}  // namespace sluice
