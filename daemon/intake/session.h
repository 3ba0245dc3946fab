// Session: keeps us subscribed. A state machine on the main thread: connect, check the session, subscribe,
// check each granted code, beat, hold above high water, back off (capped, jittered) and try again for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "intake/broker_link.h"
#include "intake/intake.h"

namespace sluice {

enum class IntakeState { kDown, kConnecting, kSubscribing, kUp, kHolding, kHeld };

struct SessionStatus {
  IntakeState state = IntakeState::kDown;
  std::string detail;  // why it is not up, and what to check
  bool session_present = false;
  std::uint64_t connects = 0;
  std::optional<std::chrono::microseconds> round_trip;  // last heartbeat
  std::vector<std::string> refused;                     // filters the broker refused
  std::int64_t since_wall_ms = 0;
};

class Session {
 public:
  Session(BrokerSettings settings, std::vector<Subscription> filters, std::string heartbeat_topic,
          BrokerLink& link, Intake& intake, Clock& clock, Log& log, std::uint64_t jitter_seed);

  // Handles what the link reported and every timer that is due. Returns how long until it wants to be called
  // again. `fill` is the fuller of ring and pending rows, 0…1: held above 0.5 until below 0.25.
  std::chrono::milliseconds tick(Instant now, double fill);
  void stop();  // disconnects, keeping the session; tick() until stopped()
  bool stopped() const;
  const SessionStatus& status() const { return status_; }

 private:
  void handle(const LinkEvent& event, Instant now);
  void change(IntakeState state, std::string detail, Instant now);
  void retry_later(const std::string& why, Instant now);
  BrokerSettings settings_;
  std::vector<Subscription> filters_;
  std::string heartbeat_topic_;
  BrokerLink& link_;
  Intake& intake_;
  Clock& clock_;
  Log& log_;
  SessionStatus status_;
  std::uint64_t random_;
  std::int64_t next_connect_boot_ms_ = 0;
  std::int64_t next_beat_boot_ms_ = 0;
  std::int64_t state_since_boot_ms_ = 0;
  int failures_ = 0;
  bool stopping_ = false;
};

}  // namespace sluice
