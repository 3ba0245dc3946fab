#include "alert/mqtt_channel.h"

#include <set>
#include <utility>

#include "alert/topic_part.h"

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kConnectTimeout{3000};
constexpr std::chrono::milliseconds kAcknowledgeTimeout{3000};

}  // namespace

MqttChannel::MqttChannel(Publisher& publisher, Clock& clock, Log& log, std::string gateway,
                         std::function<std::string(const AlertEvent&)> to_json,
                         std::function<std::vector<AlertEvent>()> standing, std::uint64_t jitter_seed)
    : publisher_(publisher),
      clock_(clock),
      log_(log),
      root_("sluice/" + std::move(gateway)),
      to_json_(std::move(to_json)),
      standing_(std::move(standing)),
      backoff_(std::chrono::seconds(1), std::chrono::seconds(30), jitter_seed) {}

std::string MqttChannel::alert_topic(const AlertEvent& event) const {
  return root_ + "/alerts/" + topic_part(event.alert) + "/" + topic_part(event.sensor);
}

Status MqttChannel::send(const std::string& topic, const std::string& payload, bool retained) {
  Status sent = publisher_.publish(topic, payload, 1, retained);
  if (!sent && sent.error().code == ErrorCode::kFull) {
    if (Status room = publisher_.wait_acknowledged(kAcknowledgeTimeout); !room) return room;
    sent = publisher_.publish(topic, payload, 1, retained);
  }
  return sent;
}

Status MqttChannel::send_event(const AlertEvent& event) {
  const std::string topic = alert_topic(event);
  const std::string json = to_json_(event);
  const bool firing = event.state == AlertState::kFiring;
  const bool test = (event.flags & kTest) != 0;  // leaves nothing behind
  Status sent = send(topic, json, firing && !test);
  if (sent && !firing && !test) sent = send(topic, "", true);
  if (sent) sent = send(root_ + "/events", json, false);
  return sent;
}

std::vector<ChannelAnswer> MqttChannel::deliver_all(const std::vector<AlertEvent>& events) {
  std::vector<ChannelAnswer> answers;
  if (!connect_if_due()) {
    answers.assign(events.size(), {ready(), {}});
    return answers;
  }
  for (const AlertEvent& event : events) answers.push_back({send_event(event), {}});
  // Without the broker's acknowledgement it is not known which of them arrived: all are told again.
  if (Status all = publisher_.wait_acknowledged(kAcknowledgeTimeout); !all) {
    for (ChannelAnswer& answer : answers) {
      if (answer.status) answer.status = all;
    }
  }
  return answers;
}

Status MqttChannel::ready() {
  if (up_ && publisher_.connected()) return {};
  return make_error(ErrorCode::kUnavailable, last_complaint_.empty()
                                                 ? "the alert connection is down; it is tried again"
                                                 : last_complaint_);
}

void MqttChannel::tick() {
  (void)connect_if_due();
}

bool MqttChannel::connect_if_due() {
  if (publisher_.connected() && up_) return true;
  if (up_) log_.warning("the alert connection was lost");
  up_ = false;
  std::int64_t now = clock_.now().boot_ms;
  if (now < next_connect_boot_ms_) return false;
  if (Status connected = publisher_.connect(kConnectTimeout); !connected) {
    if (connected.error().context != last_complaint_) log_.warning("{}", connected.error().context);
    last_complaint_ = connected.error().context;
    next_connect_boot_ms_ = clock_.now().boot_ms + backoff_.next().count();
    return false;
  }
  reconcile();
  if (!publisher_.connected()) {
    next_connect_boot_ms_ = clock_.now().boot_ms + backoff_.next().count();
    return false;
  }
  up_ = true;
  log_.info("the alert connection is up");
  last_complaint_.clear();
  backoff_.reset();
  return true;
}

// What the broker retains of us may be from before a crash, or from another configuration.
void MqttChannel::reconcile() {
  std::vector<AlertEvent> standing = standing_();
  std::set<std::string> wanted;
  for (const AlertEvent& event : standing) wanted.insert(alert_topic(event));
  Result<std::vector<std::string>> retained = publisher_.retained_below(root_ + "/alerts");
  if (!retained) {
    log_.warning("{}", retained.error().context);
  } else {
    for (const std::string& topic : retained.value()) {
      if (!wanted.contains(topic)) (void)send(topic, "", true);
    }
  }
  for (const AlertEvent& event : standing) (void)send(alert_topic(event), to_json_(event), true);
  (void)send(root_ + "/status", status_, true);
  if (Status all = publisher_.wait_acknowledged(kAcknowledgeTimeout); !all)
    log_.warning("{}", all.error().context);
}

Status MqttChannel::publish_status(const std::string& json) {
  status_ = json;
  if (!up_ || !publisher_.connected()) {
    return make_error(ErrorCode::kUnavailable, "the alert connection is down; the status follows with it");
  }
  return send(root_ + "/status", status_, true);
}

void MqttChannel::close(const std::string& last_status) {
  if (publish_status(last_status)) (void)publisher_.wait_acknowledged(kAcknowledgeTimeout);
  publisher_.disconnect();
  up_ = false;
}

}  // namespace sluice
