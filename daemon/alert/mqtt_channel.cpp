#include "alert/mqtt_channel.h"

#include <set>
#include <utility>

#include "alert/home_assistant_topics.h"
#include "alert/topic_part.h"

namespace sluice {

MqttChannel::MqttChannel(Publisher& publisher, Clock& clock, Log& log, std::string gateway,
                         std::function<std::string(const AlertEvent&)> to_json,
                         std::function<std::vector<AlertEvent>()> standing, std::uint64_t jitter_seed,
                         bool home_assistant)
    : publisher_(publisher),
      log_(log),
      gateway_(std::move(gateway)),
      root_("sluice/" + gateway_),
      home_assistant_(home_assistant),
      to_json_(std::move(to_json)),
      standing_(std::move(standing)),
      connection_(
          publisher, clock, log, "the alert connection", [this] { return reconcile(); }, jitter_seed) {}

std::string MqttChannel::alert_topic(const AlertEvent& event) const {
  return root_ + "/alerts/" + topic_part(event.alert) + "/" + topic_part(event.sensor);
}

Status MqttChannel::send_event(const AlertEvent& event) {
  const std::string topic = alert_topic(event);
  const std::string json = to_json_(event);
  const bool firing = event.state == AlertState::kFiring;
  const bool test = (event.flags & kTest) != 0;  // leaves nothing behind
  Status sent = connection_.send(topic, json, firing && !test);
  if (sent && !firing && !test) sent = connection_.send(topic, "", true);
  if (sent) sent = connection_.send(root_ + "/events", json, false);
  return sent;
}

std::vector<ChannelAnswer> MqttChannel::deliver_all(const std::vector<AlertEvent>& events) {
  std::vector<ChannelAnswer> answers;
  if (!connection_.connect_if_due()) {
    answers.assign(events.size(), {ready(), {}});
    return answers;
  }
  for (const AlertEvent& event : events) answers.push_back({send_event(event), {}});
  // Without the broker's acknowledgement it is not known which of them arrived: all are told again.
  if (Status all = connection_.wait_acknowledged(); !all) {
    for (ChannelAnswer& answer : answers) {
      if (answer.status) answer.status = all;
    }
    connection_.lost(all);
  }
  return answers;
}

Status MqttChannel::ready() {
  return connection_.ready();
}

void MqttChannel::tick() {
  (void)connection_.connect_if_due();
}

// What the broker retains of us may be from before a crash, or from another configuration.
Status MqttChannel::reconcile() {
  std::vector<AlertEvent> standing = standing_();
  std::set<std::string> wanted;
  for (const AlertEvent& event : standing) wanted.insert(alert_topic(event));
  Result<std::vector<std::string>> retained = publisher_.retained_below(root_ + "/alerts");
  if (!retained) {
    log_.warning("{}", retained.error().context);
  } else {
    for (const std::string& topic : retained.value()) {
      if (!wanted.contains(topic)) (void)connection_.send(topic, "", true);
    }
  }
  for (const AlertEvent& event : standing) (void)connection_.send(alert_topic(event), to_json_(event), true);
  (void)connection_.send(root_ + "/status", status_, true);
  if (!home_assistant_) clear_home_assistant();
  return connection_.wait_acknowledged();
}

// An access list may keep us from it: nothing is there then, or whoever wrote the list knows.
void MqttChannel::clear_home_assistant() {
  Result<std::vector<std::string>> retained = home_assistant_retained(publisher_, gateway_);
  if (!retained) return;
  for (const std::string& topic : *retained) (void)connection_.send(topic, "", true);
}

Status MqttChannel::publish_status(const std::string& json) {
  status_ = json;
  if (Status up = connection_.ready(); !up) return up;  // it follows with the next connection
  return connection_.send(root_ + "/status", status_, true);
}

void MqttChannel::close(const std::string& last_status) {
  if (publish_status(last_status)) (void)connection_.wait_acknowledged();
  connection_.close();
}

}  // namespace sluice
