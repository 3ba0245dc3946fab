// Session: keeps us subscribed. A state machine on the main thread: connect, check the session, subscribe,
// check each granted code, beat, hold above high water, back off (capped, jittered) and try again for ever.
//
//   kDown ──connect──▶ kConnecting ──connected──▶ kSubscribing ──codes──▶ kUp ──high water──▶ kHolding ──▶
//   kHeld
//     ▲                    │ failed                  │ lost, silent          │ lost │
//     └────────────────────┴─────────────────────────┴───────────────────────┴────────────◀──── low water
//     ─────┘
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
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
  bool stopped() const {
    return stopping_ && (status_.state == IntakeState::kDown || status_.state == IntakeState::kHeld);
  }
  const SessionStatus& status() const { return status_; }

 private:
  void handle(const LinkEvent& event, Instant now);
  void check_codes(const std::vector<int>& codes, Instant now);
  void change(IntakeState state, std::string detail, Instant now);
  void retry_later(const std::string& why, Instant now);
  void run_timers(Instant now, double fill);
  void beat(Instant now);
  void start_connect(Instant now);
  void start_subscribe(Instant now);
  void start_disconnect(IntakeState state, std::string detail, Instant now);
  bool linked() const;

  BrokerSettings settings_;
  std::vector<Subscription> filters_;  // the heartbeat's last
  std::string heartbeat_topic_;
  BrokerLink& link_;
  Intake& intake_;
  Clock& clock_;
  Log& log_;
  SessionStatus status_;
  Backoff backoff_;
  int failures_ = 0;  // in a row
  std::int64_t next_connect_boot_ms_ = 0;
  std::int64_t next_beat_boot_ms_ = 0;
  std::int64_t last_beat_boot_ms_ = 0;  // the last one that came back, or the connect
  std::int64_t state_since_boot_ms_ = 0;
  std::int64_t resubscribe_boot_ms_ = 0;  // try the refused filters again
  bool stopping_ = false;
};

}  // namespace sluice
