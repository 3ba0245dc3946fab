#include "intake/session.h"

#include <algorithm>
#include <utility>

#include "base/counted.h"
#include "base/time_text.h"

namespace sluice {

namespace {

constexpr double kHoldAbove = 0.5;
constexpr double kResumeBelow = 0.25;
constexpr std::chrono::milliseconds kFirstBackoff{1000};  // drawn between half of it and all of it
constexpr std::chrono::milliseconds kBackoffCap{60000};
constexpr std::chrono::milliseconds kTakenOverBackoff{30000};
constexpr std::int64_t kConnectLimitMs = 30000;  // the link itself gives up earlier
constexpr std::int64_t kSubscribeLimitMs = 10000;
constexpr std::int64_t kReleaseLimitMs = 5000;
constexpr std::int64_t kStableAfterMs = 60000;  // up for so long: the next failure is a first one again
constexpr std::int64_t kAskAgainMs = 60000;     // for refused filters
constexpr std::int64_t kBeatAgainMs = 5000;     // when the last heartbeat has not come back
constexpr std::int64_t kTickGapMs = 2000;       // we did not run: nobody could have answered us
constexpr std::int64_t kDeafAfterMs = 10000;
constexpr std::int64_t kBacklogMaxMs = 300000;  // a heartbeat that has not come back by then never will
constexpr std::int64_t kIdleMs = 1000;
constexpr int kDeafConnectionsMax = 2;
constexpr int kShortConnectionsMax = 2;  // mosquitto 2.0 does not say that somebody has taken over

}  // namespace

Session::Session(BrokerSettings settings, std::vector<Subscription> filters, std::string heartbeat_topic,
                 BrokerLink& link, Intake& intake, Clock& clock, Log& log, std::uint64_t jitter_seed,
                 FormerSession former)
    : settings_(std::move(settings)),
      filters_(std::move(filters)),
      heartbeat_topic_(std::move(heartbeat_topic)),
      former_(std::move(former.filters)),
      link_(link),
      intake_(intake),
      clock_(clock),
      log_(log),
      backoff_(kFirstBackoff, kBackoffCap, jitter_seed),
      session_expected_(former.expected) {
  filters_.push_back({heartbeat_topic_, 1});
  refused_.assign(filters_.size(), false);
  Instant now = clock_.now();
  status_.detail = "not connected yet";
  status_.since_wall_ms = now.wall_ms;
  state_since_boot_ms_ = next_connect_boot_ms_ = last_tick_boot_ms_ = now.boot_ms;
}

void Session::change(IntakeState state, std::string detail, Instant now) {
  status_.detail = std::move(detail);
  if (status_.state == state) return;
  status_.state = state;
  status_.since_wall_ms = now.wall_ms;
  state_since_boot_ms_ = now.boot_ms;
}

void Session::retry_later(const std::string& why, Instant now) {
  if (connected_boot_ms_ != 0 && now.boot_ms - connected_boot_ms_ < kStableAfterMs) {
    ++short_connections_;
  } else if (connected_boot_ms_ != 0) {
    backoff_.reset();
    short_connections_ = 0;
  }
  const bool was_connected = std::exchange(connected_boot_ms_, 0) != 0;
  auto wait = backoff_.next();
  std::string detail = why;
  status_.rival = false;
  if (why.starts_with("taken over")) {
    status_.rival = true;
    wait = std::max(wait, backoff_.draw(kTakenOverBackoff, kBackoffCap));
    detail += "; is there another gateway with mqtt.client_id \"" + settings_.client_id + "\"?";
  } else if (was_connected && short_connections_ > kShortConnectionsMax && !why.starts_with("the broker ")) {
    status_.rival = true;
    detail += ", soon after connecting, " + std::to_string(short_connections_) +
              " times; does another client use mqtt.client_id \"" + settings_.client_id + "\"" +
              (heard_heartbeat_ ? "?" : ", or may the gateway not write " + heartbeat_topic_ + "?");
  }
  next_connect_boot_ms_ = now.boot_ms + wait.count();
  if (detail != told_) {
    log_.warning("intake is down: {}; next attempt in {}", detail, format_duration(wait.count()));
    told_ = detail;
  }
  change(IntakeState::kDown, detail, now);
}

void Session::connect(Instant now) {
  intake_.set_leaving(false);
  if (Status started = link_.connect(); !started) {
    (void)link_.disconnect();  // a connection that we had given up may still be there
    return retry_later(started.error().context, now);
  }
  change(IntakeState::kConnecting, "connecting to " + settings_.uri, now);
}

bool Session::subscribe(std::vector<std::size_t> which, Instant now) {
  std::vector<Subscription> filters;
  filters.reserve(which.size());
  for (std::size_t i : which) filters.push_back(filters_[i]);
  asking_ = std::move(which);
  next_ask_boot_ms_ = now.boot_ms + kAskAgainMs;
  if (Status asked = link_.subscribe(filters); !asked) {
    release(IntakeState::kDown, asked.error().context, now);
    return false;
  }
  return true;
}

// After subscribing: what both cover comes twice for a moment, rather than not at all.
void Session::leave_former() {
  if (!status_.session_present) former_.clear();
  if (former_.empty()) {
    status_.former_left = true;
  } else if (Status asked = link_.unsubscribe(former_); !asked) {
    log_.warning("filters that are no longer wanted stay subscribed until the next connection: {}",
                 asked.error().context);
  }
}

void Session::handle(const LinkEvent& event, Instant now) {
  switch (event.kind) {
    case LinkEvent::Kind::kConnected: {
      // A late answer to an attempt that we had given up: the link is connected all the same.
      ++status_.connects;
      status_.session_present = event.session_present;
      connection_ = event.connection;
      connected_boot_ms_ = alive_boot_ms_ = now.boot_ms;
      heard_heartbeat_ = false;
      beat_sent_boot_ms_ = 0;
      next_beat_boot_ms_ = now.boot_ms;
      if (session_expected_ && !event.session_present) {
        ++status_.sessions_lost;
        log_.warning(
            "the broker has forgotten our session: what was published meanwhile is lost; check its "
            "persistence and mqtt.session_expiry");
      }
      session_expected_ = true;
      if (stopping_ || status_.state == IntakeState::kHeld || status_.state == IntakeState::kHolding) {
        release(status_.state == IntakeState::kHeld ? IntakeState::kHeld : after_release_, status_.detail,
                now);
        break;
      }
      change(IntakeState::kSubscribing, "subscribing", now);
      std::vector<std::size_t> all(filters_.size());
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
      refused_.assign(filters_.size(), false);
      if (subscribe(std::move(all), now)) leave_former();
      break;
    }
    case LinkEvent::Kind::kSubscribed:
      on_subscribed(event.codes, now);
      break;
    case LinkEvent::Kind::kUnsubscribed:
      log_.info("unsubscribed from {} of an earlier configuration", counted(former_.size(), "filter"));
      former_.clear();
      status_.former_left = true;
      break;
    case LinkEvent::Kind::kHeartbeat:
      heard_heartbeat_ = true;
      if (status_.starved) status_.detail = "subscribed";
      status_.starved = false;
      deaf_connections_ = 0;
      beat_sent_boot_ms_ = 0;
      alive_boot_ms_ = now.boot_ms;
      status_.round_trip = event.round_trip;
      break;
    case LinkEvent::Kind::kConnectFailed:
    case LinkEvent::Kind::kLost:
    case LinkEvent::Kind::kDisconnected:  // when it was not waited for any longer, it is a loss like another
      if (status_.state == IntakeState::kHolding) {
        released(now);
      } else if (status_.state != IntakeState::kHeld && status_.state != IntakeState::kDown) {
        retry_later(event.why.empty() ? "disconnected" : event.why, now);
      }
      break;
  }
}

void Session::on_subscribed(const std::vector<int>& codes, Instant now) {
  if (status_.state != IntakeState::kSubscribing && status_.state != IntakeState::kUp) return;
  if (codes.size() != asking_.size()) return;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    bool refused = codes[i] < 0 || codes[i] >= 128;
    if (refused && !refused_[asking_[i]]) {
      log_.warning("the broker refuses the subscription \"{}\" with code {}; check its access list",
                   filters_[asking_[i]].filter, codes[i]);
    }
    refused_[asking_[i]] = refused;
  }
  asking_.clear();
  status_.refused.clear();
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    if (refused_[i]) status_.refused.push_back(filters_[i].filter);
  }
  bool was_up = status_.state == IntakeState::kUp;
  std::string detail = status_.refused.empty()
                           ? "subscribed"
                           : "subscribed, but the broker refuses " + std::to_string(status_.refused.size()) +
                                 " of the filters; check its access list";
  if (!was_up) {
    log_.info("intake is up: {}, session {}", settings_.uri, status_.session_present ? "present" : "new");
    alive_boot_ms_ = now.boot_ms;
    next_beat_boot_ms_ = now.boot_ms;
    told_.clear();
  }
  change(IntakeState::kUp, detail, now);
}

void Session::release(IntakeState then, const std::string& why, Instant now) {
  after_release_ = then;
  intake_.set_leaving(true);
  release_why_ = why;
  change(IntakeState::kHolding, why, now);
  // A link that is not connected has nothing to disconnect.
  if (Status started = link_.disconnect(); !started) released(now);
}

void Session::released(Instant now) {
  if (stopping_) {
    change(IntakeState::kDown, "stopped", now);
  } else if (after_release_ == IntakeState::kHeld) {
    connected_boot_ms_ = 0;
    change(IntakeState::kHeld, release_why_, now);
  } else {
    retry_later(release_why_, now);
  }
}

void Session::beat(Instant now) {
  if (settings_.heartbeat.count() <= 0 || now.boot_ms < next_beat_boot_ms_) return;
  // One at a time: behind a backlog they would only take room in the broker's queue.
  if (beat_sent_boot_ms_ != 0 && now.boot_ms - beat_sent_boot_ms_ < kBeatAgainMs) return;
  next_beat_boot_ms_ = now.boot_ms + settings_.heartbeat.count();
  beat_sent_boot_ms_ = now.boot_ms;
  Status sent = link_.publish_qos1(heartbeat_topic_, heartbeat_payload(connection_, clock_.boot_us()));
  if (!sent) beat_sent_boot_ms_ = 0;
}

std::int64_t Session::heartbeat_limit_ms() const {
  std::int64_t by_keepalive = 3 * std::chrono::milliseconds(settings_.keepalive).count();
  return std::max<std::int64_t>(std::min<std::int64_t>(by_keepalive, kDeafAfterMs),
                                3 * settings_.heartbeat.count());
}

std::string Session::starved() const {
  return "no heartbeat comes back (may the gateway read and write " + heartbeat_topic_ + " there?)";
}

void Session::on_timers_up(Instant now) {
  alive_boot_ms_ = std::max(alive_boot_ms_, intake_.last_message_boot_ms());
  bool may_return = settings_.heartbeat.count() > 0 && !refused_.back();
  if (now.boot_ms - alive_boot_ms_ >= heartbeat_limit_ms()) {
    if (may_return && (heard_heartbeat_ || deaf_connections_ < kDeafConnectionsMax)) {
      if (!heard_heartbeat_) {
        ++deaf_connections_;
        connected_boot_ms_ = 0;  // that it is short is our doing, and no sign of a rival
      }
      const std::string why = heard_heartbeat_ ? "" : ": " + starved();
      release(IntakeState::kDown, "the broker does not answer" + why + "; the connection is made anew", now);
      return;
    }
    // A broker that takes our heartbeats and never returns them (an access list) is not a dead one.
    if (may_return) {
      if (!status_.starved) log_.warning("intake goes on without heartbeats: {}", starved());
      status_.starved = true;
      status_.detail = "subscribed, but " + starved();
      intake_.end_backlog();
    }
    alive_boot_ms_ = now.boot_ms;
  }
  if (!heard_heartbeat_ && in_state_ms(now) >= (may_return ? kBacklogMaxMs : kDeafAfterMs))
    intake_.end_backlog();
  if (asking_.empty() && !status_.refused.empty() && now.boot_ms >= next_ask_boot_ms_) {
    std::vector<std::size_t> again;
    for (std::size_t i = 0; i < refused_.size(); ++i) {
      if (refused_[i]) again.push_back(i);
    }
    if (!subscribe(std::move(again), now)) return;
  }
  beat(now);
}

void Session::on_timers(Instant now, double fill) {
  const bool full = fill > kHoldAbove || intake_.high_water();
  switch (status_.state) {
    case IntakeState::kDown:
      if (full) {
        change(IntakeState::kHeld, "held: the store is behind; the broker keeps the backlog", now);
      } else if (now.boot_ms >= next_connect_boot_ms_) {
        connect(now);
      }
      break;
    case IntakeState::kConnecting:
      if (in_state_ms(now) >= kConnectLimitMs) release(IntakeState::kDown, "the broker does not answer", now);
      break;
    case IntakeState::kSubscribing:
      // A long backlog may come before the answer: what arrives is a sign of life.
      if (std::min(in_state_ms(now), now.boot_ms - intake_.last_message_boot_ms()) >= kSubscribeLimitMs) {
        release(IntakeState::kDown, "the broker does not answer our subscription", now);
      } else if (full) {
        log_.warning("intake is held: the store is behind; the broker keeps the backlog");
        release(IntakeState::kHeld, "held: the store is behind; the broker keeps the backlog", now);
      }
      break;
    case IntakeState::kUp:
      if (full) {
        log_.warning("intake is held: the store is behind; the broker keeps the backlog");
        release(IntakeState::kHeld, "held: the store is behind; the broker keeps the backlog", now);
      } else {
        on_timers_up(now);
      }
      break;
    case IntakeState::kHolding:
      if (in_state_ms(now) >= kReleaseLimitMs) released(now);
      break;
    case IntakeState::kHeld:
      if (fill < kResumeBelow) {
        intake_.set_high_water(false);
        connect(now);
      }
      break;
  }
}

std::chrono::milliseconds Session::tick(Instant now, double fill) {
  // While this thread stood still (a stalled disk holds the link's lock) the broker could not have been
  // heard.
  std::int64_t gap = now.boot_ms - last_tick_boot_ms_;
  if (gap > kTickGapMs) alive_boot_ms_ += gap;
  last_tick_boot_ms_ = now.boot_ms;
  while (std::optional<LinkEvent> event = intake_.events().try_pop()) handle(*event, now);
  if (!stopping_) {
    on_timers(now, fill);
  } else if (status_.state == IntakeState::kHolding && in_state_ms(now) >= kReleaseLimitMs) {
    released(now);
  }
  return until_next(now);
}

std::chrono::milliseconds Session::until_next(Instant now) const {
  std::int64_t wait = kIdleMs;
  if (status_.state == IntakeState::kDown) wait = next_connect_boot_ms_ - now.boot_ms;
  if (status_.state == IntakeState::kUp && beat_sent_boot_ms_ == 0) wait = next_beat_boot_ms_ - now.boot_ms;
  return std::chrono::milliseconds(std::clamp<std::int64_t>(wait, 1, kIdleMs));
}

void Session::stop() {
  if (stopping_) return;
  stopping_ = true;
  Instant now = clock_.now();
  if (status_.state == IntakeState::kDown || status_.state == IntakeState::kHeld) {
    change(IntakeState::kDown, "stopped", now);
  } else if (status_.state != IntakeState::kHolding) {
    release(IntakeState::kDown, "stopping", now);
  }
}

bool Session::stopped() const {
  return stopping_ && status_.state == IntakeState::kDown;
}

}  // namespace sluice
