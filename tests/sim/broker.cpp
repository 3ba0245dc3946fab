#include "sim/broker.h"

#include <algorithm>

#include "decode/topic_filter.h"

namespace sluice::sim {

void SimBroker::later(std::function<void()> action) {
  const auto delay_ms = static_cast<std::int64_t>(random_() % 20);
  newest_due_ms_ = std::max(newest_due_ms_, clock_.true_ms() + delay_ms);
  due_.emplace(newest_due_ms_, [this, here = connection_, action = std::move(action)] {
    if (here == connection_) action();
  });
}

std::optional<std::int64_t> SimBroker::next_due() const {
  if (due_.empty() || hangs) return std::nullopt;
  return due_.begin()->first;
}

void SimBroker::run_next() {
  auto action = std::move(due_.begin()->second);
  due_.erase(due_.begin());
  action();
}

void SimBroker::publish(const SimMessage& message) {
  if (message.retain) {
    if (message.payload.empty()) {
      retained_.erase(message.topic);
    } else {
      retained_[message.topic] = message;
    }
  }
  int granted = -1;
  for (const auto& [filter, qos] : subscriptions_)
    if (topic_matches(filter, message.topic)) granted = std::max(granted, qos);
  SimMessage copy = message;
  copy.retain = false;  // set only on those that a subscription brings
  copy.qos = std::min(copy.qos, granted);
  if (!session_ || granted < 0) return witness_.dropped(message);
  if (copy.qos == 0) {
    if (!connected_) return witness_.dropped(message);
    return later([this, copy] { deliver(0, copy, false); });
  }
  enqueue(std::move(copy));
}

void SimBroker::enqueue(SimMessage message) {
  if (queue_.size() >= queue_max) return witness_.dropped(message);
  queue_.push_back(std::move(message));
  pump();
}

void SimBroker::pump(bool all) {
  // A long backlog may end in the middle, and with it all acknowledgements that were under way.
  std::size_t cut_after = SIZE_MAX;
  if (all && queue_.size() > receive_maximum && random_() % 2 == 0) cut_after = random_() % queue_.size();
  while (connected_ && !queue_.empty() && (all || inflight_.size() < receive_maximum)) {
    std::uint16_t packet_id = backlog_at_once ? newest_id_ : 0;
    do ++packet_id;
    while (packet_id == 0 || inflight_.contains(packet_id));
    newest_id_ = packet_id;
    inflight_[packet_id] = {std::move(queue_.front()), ++sent_};
    queue_.pop_front();
    send(packet_id, inflight_[packet_id].message, false);
    if (all && cut_after-- == 0) later([this] { cut("reset in the middle of a backlog"); });
  }
}

void SimBroker::send(std::uint16_t packet_id, const SimMessage& message, bool dup) {
  later([this, packet_id, message, dup] { deliver(packet_id, message, dup); });
}

void SimBroker::deliver(std::uint16_t packet_id, const SimMessage& message, bool dup) {
  ArrivedMessage arrived;
  arrived.topic = message.topic;
  arrived.payload = message.payload;
  arrived.qos = message.qos;
  arrived.retained = message.retain;
  arrived.dup = dup && message.qos == 1;  // Paho clears it for QoS 2
  arrived.packet_id = packet_id;
  const int here = connection_;
  witness_.handing_over(message);
  events_->on_message(arrived);
  // Between the return and the PUBACK there is a moment to die.
  if (disk_.dead() || here != connection_) return;
  witness_.handed_over(message);
  if (message.qos == 0 || !disk_.effect()) return;
  later([this, packet_id] {
    auto found = inflight_.find(packet_id);
    if (found == inflight_.end() || found->second.received) return;
    witness_.acknowledged(found->second.message);
    if (found->second.message.qos < 2) return end(packet_id);
    found->second.received = true;
    later([this, packet_id] { end(packet_id); });  // PUBREL and PUBCOMP
  });
}

void SimBroker::end(std::uint16_t packet_id) {
  inflight_.erase(packet_id);
  pump();
}

// Of what the other side has not acknowledged yet.
void SimBroker::renumber() {
  std::map<std::uint64_t, Inflight> again;
  for (auto at = inflight_.begin(); at != inflight_.end();) {
    if (at->second.received) {
      ++at;
      continue;
    }
    witness_.renumbered(at->second.message);
    again[at->second.order] = std::move(at->second);
    at = inflight_.erase(at);
  }
  auto packet_id = static_cast<std::uint16_t>(random_() % 8);
  for (auto& [order, sent] : again) {
    do ++packet_id;
    while (packet_id == 0 || inflight_.contains(packet_id));
    inflight_[packet_id] = std::move(sent);
  }
}

void SimBroker::cut(const std::string& why) {
  if (!connected_ && !connecting_) return;
  const bool was_connected = connected_;
  ++connection_;
  connected_ = connecting_ = false;
  if (events_ == nullptr) return;
  if (was_connected) {
    events_->on_lost(why);
  } else {
    events_->on_connect_failed(why);
  }
}

void SimBroker::gateway_died() {
  ++connection_;
  connected_ = connecting_ = false;
  events_ = nullptr;
}

void SimBroker::forget_session() {
  for (const SimMessage& message : queue_) witness_.dropped(message);
  for (const auto& [packet_id, sent] : inflight_) witness_.dropped(sent.message);
  queue_.clear();
  inflight_.clear();
  subscriptions_.clear();
  session_ = false;
  cut("the broker has ended");
}

Status SimBroker::connect() {
  if (connected_ || connecting_) return make_error(ErrorCode::kUnavailable, "already connected");
  ++connection_;
  connecting_ = true;
  later([this] { on_connect(); });
  return {};
}

void SimBroker::on_connect() {
  connecting_ = false;
  if (!accepts) return events_->on_connect_failed("connection refused");
  connected_ = true;
  witness_.connected();
  const bool present = std::exchange(session_, true);
  events_->on_connected(present);
  if (disk_.dead()) return;
  if (renumbers) renumber();
  std::vector<std::pair<std::uint64_t, std::uint16_t>> again;
  for (const auto& [packet_id, sent] : inflight_) again.emplace_back(sent.order, packet_id);
  std::sort(again.begin(), again.end());
  for (const auto& [order, packet_id] : again) {
    const Inflight& sent = inflight_[packet_id];
    if (sent.received) {
      later([this, id = packet_id] { end(id); });
    } else {
      send(packet_id, sent.message, true);
    }
  }
  pump(backlog_at_once);
}

Status SimBroker::subscribe(const std::vector<Subscription>& filters) {
  if (!connected_) return make_error(ErrorCode::kUnavailable, "not connected");
  later([this, filters] {
    std::vector<int> codes;
    for (const Subscription& wanted : filters) {
      if (refused.contains(wanted.filter)) {
        codes.push_back(135);  // not authorised
        subscriptions_.erase(wanted.filter);
        continue;
      }
      codes.push_back(wanted.qos);
      subscriptions_[wanted.filter] = wanted.qos;
      for (const auto& [topic, message] : retained_)
        if (topic_matches(wanted.filter, topic)) enqueue(message);
    }
    later([this, codes] { events_->on_subscribed(codes); });
  });
  return {};
}

Status SimBroker::unsubscribe(const std::vector<std::string>& filters) {
  if (!connected_) return make_error(ErrorCode::kUnavailable, "not connected");
  later([this, filters] {
    for (const std::string& filter : filters) subscriptions_.erase(filter);
    later([this] { events_->on_unsubscribed(); });
  });
  return {};
}

Status SimBroker::publish_qos1(const std::string& topic, const std::string& payload) {
  if (!connected_) return make_error(ErrorCode::kUnavailable, "not connected");
  later([this, topic, payload] { publish({0, topic, payload, 1, false}); });
  return {};
}

Status SimBroker::disconnect() {
  if (!connected_) return make_error(ErrorCode::kUnavailable, "not connected");
  later([this] {
    ++connection_;
    connected_ = false;
    events_->on_disconnected();
  });
  return {};
}

}  // namespace sluice::sim
