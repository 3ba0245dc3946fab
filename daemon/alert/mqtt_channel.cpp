#include "alert/mqtt_channel.h"

#include <algorithm>
#include <set>

#include "alert/event_json.h"

namespace sluice {

namespace {
constexpr std::int64_t kBackoffFirstMs = 500;
constexpr std::int64_t kBackoffMaxMs = 30000;
}  // namespace

MqttChannel::MqttChannel(const std::string& gateway, Publisher& publisher, Sources sources, Clock& clock,
                         Log& log)
    : gateway_(gateway),
      prefix_("sluice/" + gateway),
      publisher_(publisher),
      sources_(std::move(sources)),
      clock_(clock),
      log_(log) {}

std::string MqttChannel::topic_of(const AlertEvent& event) const {
  return prefix_ + "/alerts/" + event.alert + "/" + event.sensor;
}

void MqttChannel::tick() {
  if (ready_ && publisher_.connected()) return publish_status();
  const std::int64_t now_ms = clock_.now().boot_ms;
  if (now_ms < next_connect_boot_ms_) return;
  ready_ = false;
  Status done = publisher_.connect();
  if (done.ok()) done = reconcile();
  if (!done.ok()) {
    if (backoff_ms_ == 0) log_.warning("alerts: {}", done.error().context);
    backoff_ms_ = std::clamp(backoff_ms_ * 2, kBackoffFirstMs, kBackoffMaxMs);
    next_connect_boot_ms_ = clock_.now().boot_ms + backoff_ms_;
    return;
  }
  log_.info("alerts: connected to the broker");
  backoff_ms_ = 0;
  ready_ = true;
  status_.clear();
  publish_status();
}

Status MqttChannel::deliver(const AlertEvent& event) {
  if (!ready_ || !publisher_.connected())
    return make_error(ErrorCode::kUnavailable, "not connected to the broker");
  const std::string json = event_to_json(event, gateway_);
  const bool firing = event.state == AlertState::kFiring;
  const std::string topic = topic_of(event);
  std::vector<Result<int>> sent;
  sent.push_back(publisher_.send(topic, json, firing));
  if (!firing) sent.push_back(publisher_.send(topic, "", true));
  sent.push_back(publisher_.send(prefix_ + "/events", json, false));
  for (const Result<int>& number : sent) {
    if (!number.ok()) return number.error();
    if (Status done = publisher_.finish(*number); !done.ok()) return done;
  }
  return {};
}

Status MqttChannel::reconcile() {
  auto retained = publisher_.retained_below(prefix_ + "/alerts");
  if (!retained.ok()) return retained.error();
  const std::vector<AlertEvent> standing = sources_.standing();
  std::set<std::string> stands;
  for (const AlertEvent& event : standing) stands.insert(topic_of(event));
  std::vector<Result<int>> sent;
  for (const auto& [topic, payload] : *retained) {
    if (!stands.contains(topic)) sent.push_back(publisher_.send(topic, "", true));
  }
  for (const AlertEvent& event : standing) {
    sent.push_back(publisher_.send(topic_of(event), event_to_json(event, gateway_), true));
  }
  for (const Result<int>& number : sent) {
    if (!number.ok()) return number.error();
    if (Status done = publisher_.finish(*number); !done.ok()) return done;
  }
  return {};
}

void MqttChannel::publish_status() {
  std::string status = sources_.status();
  if (status == status_) return;
  if (publisher_.send(prefix_ + "/status", status, true).ok()) status_ = std::move(status);
}

void MqttChannel::say_offline() {
  if (!publisher_.connected()) return;
  Result<int> sent = publisher_.send(prefix_ + "/status", R"({"state":"offline"})", true);
  if (sent.ok()) (void)publisher_.finish(*sent);
}

}  // namespace sluice
