// A broker link under a clock that the test moves: it answers as it is told to, by itself or at random.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "intake/broker_link.h"

namespace sluice::test {

class FakeLink final : public BrokerLink {
 public:
  explicit FakeLink(FakeClock& clock) : clock_(clock) {}
  void report_to(BrokerEvents& events) { events_ = &events; }

  // How the broker behaves. Answers take `delay_ms`.
  bool accepts = true;
  bool answers = true;  // to anything at all
  bool returns_heartbeats = true;
  bool session_present = true;
  std::int64_t delay_ms = 10;
  std::map<std::string, int> codes;  // SUBACK codes that are not the QoS asked for
  std::mt19937* chaos = nullptr;     // then everything may go wrong at any time

  Status connect() override {
    connect_times.push_back(clock_.now().boot_ms);
    if (connected || fails()) return make_error(ErrorCode::kUnavailable, "no");
    later([this] {
      if (connected) return;
      if (!accepts || fails()) return events_->on_connect_failed("refused");
      connected = true;
      ++connection;
      events_->on_connected(session_present);
    });
    return {};
  }
  Status subscribe(const std::vector<Subscription>& filters) override {
    if (!connected || fails()) return make_error(ErrorCode::kUnavailable, "not connected");
    subscriptions.push_back(filters);
    on_this_connection([this, filters] {
      std::vector<int> answer;
      for (const Subscription& f : filters) {
        answer.push_back(codes.contains(f.filter) ? codes[f.filter] : f.qos);
      }
      events_->on_subscribed(answer);
    });
    return {};
  }
  Status unsubscribe(const std::vector<std::string>& filters) override {
    if (!connected || fails()) return make_error(ErrorCode::kUnavailable, "not connected");
    unsubscriptions.push_back(filters);
    on_this_connection([this] { events_->on_unsubscribed(); });
    return {};
  }
  Status publish_qos1(const std::string& topic, const std::string& payload) override {
    if (!connected || fails()) return make_error(ErrorCode::kUnavailable, "not connected");
    ++heartbeats;
    if (!returns_heartbeats) return {};
    on_this_connection([this, topic, payload] {
      ArrivedMessage m;
      m.topic = topic;
      m.payload = payload;
      m.qos = 1;
      events_->on_message(m);
    });
    return {};
  }
  Status disconnect() override {
    ++disconnects;
    if (!connected || fails()) return make_error(ErrorCode::kUnavailable, "not connected");
    later([this] {
      if (!connected) return;
      connected = false;
      events_->on_disconnected();
    });
    return {};
  }

  void lose(const std::string& why) {
    if (!connected) return;
    connected = false;
    events_->on_lost(why);
  }
  // Runs what is due by now.
  void run() {
    if (chaos != nullptr && (*chaos)() % 50 == 0) lose("chaos");
    while (!due_.empty() && due_.begin()->first <= clock_.now().boot_ms) {
      auto action = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      action();
    }
  }

  bool connected = false;
  int connection = 0;
  int heartbeats = 0;
  int disconnects = 0;
  std::vector<std::int64_t> connect_times;
  std::vector<std::vector<Subscription>> subscriptions;
  std::vector<std::vector<std::string>> unsubscriptions;

 private:
  bool fails() { return chaos != nullptr && (*chaos)() % 4 == 0; }
  void later(std::function<void()> action) {
    if (!answers || fails()) return;
    std::int64_t delay = chaos != nullptr ? static_cast<std::int64_t>((*chaos)() % 20000) : delay_ms;
    due_.emplace(clock_.now().boot_ms + delay, std::move(action));
  }
  void on_this_connection(std::function<void()> action) {
    later([this, here = connection, action = std::move(action)] {
      if (connected && connection == here) action();
    });
  }
  FakeClock& clock_;
  BrokerEvents* events_ = nullptr;
  std::multimap<std::int64_t, std::function<void()>> due_;
};

}  // namespace sluice::test
