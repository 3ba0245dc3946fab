// Session: keeps us subscribed. A state machine on the main thread: connect, check the session, subscribe,
// check each granted code, beat, hold above high water, back off (capped, jittered) and try again for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
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
  bool former_left = false;  // the broker's session holds no filter any more that we do not want
  std::uint64_t connects = 0;
  std::uint64_t sessions_lost = 0;  // times that the broker had forgotten us
  bool starved = false;  // no heartbeat has come back on the newest connections, and we live without them
  bool rival = false;    // by the newest loss, another client uses our id: `detail` says why we think so
  std::optional<std::chrono::microseconds> round_trip;  // last heartbeat
  std::vector<std::string> refused;                     // filters the broker refused
  std::int64_t since_wall_ms = 0;
};

// What an earlier life may have left in the broker's session.
struct FormerSession {
  bool expected = false;             // it was connected: that the broker knows nothing of us would be a loss
  std::vector<std::string> filters;  // subscribed, and not wanted any more
};

class Session {
 public:
  Session(BrokerSettings settings, std::vector<Subscription> filters, std::string heartbeat_topic,
          BrokerLink& link, Intake& intake, Clock& clock, Log& log, std::uint64_t jitter_seed,
          FormerSession former = {});

  // Handles what the link reported and every timer that is due. Returns how long until it wants to be called
  // again. `fill` is the fuller of ring and pending rows, 0…1: held above 0.5 until below 0.25.
  std::chrono::milliseconds tick(Instant now, double fill);
  void stop();  // disconnects, keeping the session; tick() until stopped()
  bool stopped() const;
  const SessionStatus& status() const { return status_; }

 private:
  void handle(const LinkEvent& event, Instant now);
  void on_subscribed(const std::vector<int>& codes, Instant now);
  void on_timers(Instant now, double fill);
  void on_timers_up(Instant now);
  void connect(Instant now);
  bool subscribe(std::vector<std::size_t> which, Instant now);
  void leave_former();
  void beat(Instant now);
  void release(IntakeState then, const std::string& why, Instant now);  // asks for a disconnect
  void released(Instant now);                                           // it is complete, or given up
  void change(IntakeState state, std::string detail, Instant now);
  void retry_later(const std::string& why, Instant now);
  std::int64_t in_state_ms(Instant now) const { return now.boot_ms - state_since_boot_ms_; }
  std::int64_t heartbeat_limit_ms() const;
  std::string starved() const;  // of heartbeats: what to check
  std::chrono::milliseconds until_next(Instant now) const;

  BrokerSettings settings_;
  std::vector<Subscription> filters_;  // the last one is the heartbeat's
  std::string heartbeat_topic_;
  std::vector<std::string> former_;  // filters to leave
  BrokerLink& link_;
  Intake& intake_;
  Clock& clock_;
  Log& log_;
  SessionStatus status_;
  Backoff backoff_;
  IntakeState after_release_ = IntakeState::kDown;  // what kHolding leads to
  std::string release_why_;
  std::string connection_;           // name of the connection, for heartbeats
  std::vector<std::size_t> asking_;  // filters whose codes have not come yet
  std::vector<bool> refused_;        // a filter
  bool session_expected_;            // we were connected before, so the broker should know our session
  bool heard_heartbeat_ = false;     // on this connection
  int deaf_connections_ = 0;         // in a row on which no heartbeat came back
  int short_connections_ = 0;        // in a row that ended soon
  std::int64_t connected_boot_ms_ = 0;
  std::int64_t next_connect_boot_ms_ = 0;
  std::int64_t beat_sent_boot_ms_ = 0;  // 0: none is under way
  std::int64_t next_beat_boot_ms_ = 0;
  std::int64_t alive_boot_ms_ = 0;  // last sign of life of the connection
  std::int64_t last_tick_boot_ms_ = 0;
  std::int64_t next_ask_boot_ms_ = 0;  // again for the refused filters
  std::int64_t state_since_boot_ms_ = 0;
  std::string told_;  // the reason of being down that was logged last
  bool stopping_ = false;
};

}  // namespace sluice
