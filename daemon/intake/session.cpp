#include "intake/session.h"

#include <algorithm>
#include <charconv>

#include "base/time_text.h"

namespace sluice {

namespace {
constexpr double kHighWater = 0.5;
constexpr double kLowWater = 0.25;
constexpr std::chrono::milliseconds kBackoffFirst{500};
constexpr std::chrono::milliseconds kBackoffCap{60000};
constexpr std::int64_t kTakenOverMs = 60000;  // two gateways with one id would throw each other out for ever
constexpr std::int64_t kAnswerMs = 30000;     // a connect, a subscription or a disconnect that gets no answer
constexpr std::int64_t kSilentMs = 10000;     // heartbeats that do not come back: half-open
constexpr std::int64_t kResubscribeMs = 300000;  // between tries of filters that were refused
constexpr std::chrono::milliseconds kIdle{1000};
constexpr int kRefused = 0x80;
}  // namespace

Session::Session(BrokerSettings settings, std::vector<Subscription> filters, std::string heartbeat_topic,
                 BrokerLink& link, Intake& intake, Clock& clock, Log& log, std::uint64_t jitter_seed)
    : settings_(std::move(settings)),
      filters_(std::move(filters)),
      heartbeat_topic_(std::move(heartbeat_topic)),
      link_(link),
      intake_(intake),
      clock_(clock),
      log_(log),
      backoff_(kBackoffFirst, kBackoffCap, jitter_seed) {
  filters_.push_back({heartbeat_topic_, 1});
}

bool Session::linked() const {
  return status_.state == IntakeState::kConnecting || status_.state == IntakeState::kSubscribing ||
         status_.state == IntakeState::kUp || status_.state == IntakeState::kHolding;
}

std::chrono::milliseconds Session::tick(Instant now, double fill) {
  while (std::optional<LinkEvent> event = intake_.events().try_pop()) handle(*event, now);
  run_timers(now, fill);
  auto wait = kIdle;
  auto until = [&](std::int64_t boot_ms) {
    wait = std::clamp(std::chrono::milliseconds(boot_ms - now.boot_ms), std::chrono::milliseconds(1), wait);
  };
  if (status_.state == IntakeState::kDown && !stopping_) until(next_connect_boot_ms_);
  if (status_.state == IntakeState::kUp) until(next_beat_boot_ms_);
  // While the journal is full of what has to be stored, look often for room.
  if (status_.state == IntakeState::kHeld) until(now.boot_ms + 50);
  return wait;
}

void Session::change(IntakeState state, std::string detail, Instant now) {
  status_.state = state;
  status_.detail = std::move(detail);
  status_.since_wall_ms = now.wall_ms;
  state_since_boot_ms_ = now.boot_ms;
}

void Session::retry_later(const std::string& why, Instant now) {
  next_connect_boot_ms_ = now.boot_ms + backoff_.delay_ms(++failures_);
  if (failures_ == 1) log_.warning("broker: {}; trying again until it works", why);
  change(IntakeState::kDown, why, now);
}

void Session::handle(const LinkEvent& event, Instant now) {
  switch (event.kind) {
    case LinkEvent::Kind::kConnected:
      if (status_.state != IntakeState::kConnecting) return;
      ++status_.connects;
      status_.session_present = event.session_present;
      last_beat_boot_ms_ = now.boot_ms;
      start_subscribe(now);
      return;
    case LinkEvent::Kind::kConnectFailed:
      if (status_.state == IntakeState::kConnecting) retry_later(event.why, now);
      return;
    case LinkEvent::Kind::kSubscribed:
      if (status_.state == IntakeState::kSubscribing || status_.state == IntakeState::kUp)
        check_codes(event.codes, now);
      return;
    case LinkEvent::Kind::kLost:
      if (status_.state == IntakeState::kHolding) return change(IntakeState::kHeld, status_.detail, now);
      if (!linked()) return;
      retry_later(event.why, now);
      if (event.why.find("taken over") != std::string::npos) {
        status_.detail += "; is there another gateway named " + settings_.client_id + "?";
        next_connect_boot_ms_ = now.boot_ms + kTakenOverMs;
      }
      return;
    case LinkEvent::Kind::kDisconnected:
      if (status_.state == IntakeState::kHolding) change(IntakeState::kHeld, status_.detail, now);
      return;
    case LinkEvent::Kind::kHeartbeat: {
      last_beat_boot_ms_ = event.at.boot_ms;
      std::int64_t sent_us = 0;
      std::from_chars(event.why.data(), event.why.data() + event.why.size(), sent_us);
      if (sent_us > 0 && event.at_us >= sent_us)
        status_.round_trip = std::chrono::microseconds(event.at_us - sent_us);
      return;
    }
  }
}

void Session::check_codes(const std::vector<int>& codes, Instant now) {
  status_.refused.clear();
  for (std::size_t i = 0; i < filters_.size(); ++i) {
    if (i >= codes.size() || codes[i] >= kRefused) status_.refused.push_back(filters_[i].filter);
  }
  for (const std::string& filter : status_.refused) {
    log_.warning("the broker refuses the subscription {}; check its access control list", filter);
  }
  resubscribe_boot_ms_ = now.boot_ms + kResubscribeMs;
  if (status_.state == IntakeState::kUp) return;
  failures_ = 0;
  log_.info("subscribed to {} of {} filters at {}, {}", filters_.size() - status_.refused.size(),
            filters_.size(), settings_.uri,
            status_.session_present ? "the session was kept" : "a new session");
  change(IntakeState::kUp, "", now);
  beat(now);
}

void Session::run_timers(Instant now, double fill) {
  const std::int64_t in_state_ms = now.boot_ms - state_since_boot_ms_;
  switch (status_.state) {
    case IntakeState::kDown:
      if (!stopping_ && now.boot_ms >= next_connect_boot_ms_) start_connect(now);
      return;
    case IntakeState::kConnecting:
    case IntakeState::kSubscribing:
      if (in_state_ms < kAnswerMs) return;
      (void)link_.disconnect();
      return retry_later("the broker does not answer", now);
    case IntakeState::kUp:
      if (fill > kHighWater || intake_.high_water()) {
        intake_.set_high_water(true);
        log_.warning(
            "the journal is above high water: the broker keeps what comes until the store has caught up");
        return start_disconnect(IntakeState::kHolding, "held: the store has to catch up first", now);
      }
      if (now.boot_ms - last_beat_boot_ms_ > kSilentMs) {
        (void)link_.disconnect();
        return retry_later("the broker has stopped answering", now);
      }
      if (now.boot_ms >= next_beat_boot_ms_) beat(now);
      if (!status_.refused.empty() && now.boot_ms >= resubscribe_boot_ms_) {
        resubscribe_boot_ms_ = now.boot_ms + kResubscribeMs;
        (void)link_.subscribe(filters_);
      }
      return;
    case IntakeState::kHolding:
      if (in_state_ms > kAnswerMs) change(IntakeState::kHeld, status_.detail, now);
      return;
    case IntakeState::kHeld:
      if (stopping_ || fill >= kLowWater) return;
      intake_.set_high_water(false);
      log_.info("the store has caught up: taking messages again");
      next_connect_boot_ms_ = now.boot_ms;
      return change(IntakeState::kDown, "", now);
  }
}

void Session::beat(Instant now) {
  next_beat_boot_ms_ = now.boot_ms + settings_.heartbeat.count();
  (void)link_.publish_qos1(heartbeat_topic_, std::to_string(clock_.boot_us()));
}

void Session::start_connect(Instant now) {
  change(IntakeState::kConnecting, status_.detail, now);
  Status started = link_.connect();
  if (!started.ok()) retry_later(started.error().context, now);
}

void Session::start_subscribe(Instant now) {
  change(IntakeState::kSubscribing, "", now);
  Status started = link_.subscribe(filters_);
  if (started.ok()) return;
  (void)link_.disconnect();
  retry_later(started.error().context, now);
}

void Session::start_disconnect(IntakeState state, std::string detail, Instant now) {
  change(state, std::move(detail), now);
  if (!link_.disconnect().ok()) change(IntakeState::kHeld, status_.detail, now);
}

void Session::stop() {
  if (stopping_) return;
  stopping_ = true;
  if (linked() && status_.state != IntakeState::kHolding) {
    start_disconnect(IntakeState::kHolding, "stopping", clock_.now());
  }
}

}  // namespace sluice
