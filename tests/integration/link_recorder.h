// Records what a broker link reports, and waits for it.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "intake/broker_link.h"
#include "support/eventually.h"

namespace sluice::test {

class LinkRecorder final : public BrokerEvents {
 public:
  struct Event {
    std::string what{};  // connected, failed, subscribed, lost, disconnected, message
    std::string text{};  // why, or the topic
    std::string payload{};
    std::vector<int> codes{};
    int qos = 0;
    bool flag = false;  // session present, or retained
    bool dup = false;
    int packet_id = 0;
    std::thread::id thread{};
  };

  void on_connected(bool session_present) override {
    Event event{.what = "connected"};
    event.flag = session_present;
    add(event);
  }
  void on_connect_failed(const std::string& why) override { add({.what = "failed", .text = why}); }
  void on_subscribed(const std::vector<int>& codes) override { add({.what = "subscribed", .codes = codes}); }
  void on_unsubscribed() override { add({.what = "unsubscribed"}); }
  void on_lost(const std::string& why) override { add({.what = "lost", .text = why}); }
  void on_disconnected() override { add({.what = "disconnected"}); }
  void on_message(const ArrivedMessage& m) override {
    Event event{.what = "message", .text = std::string(m.topic), .payload = std::string(m.payload)};
    event.qos = m.qos;
    event.flag = m.retained;
    event.dup = m.dup;
    event.packet_id = m.packet_id;
    add(event);
  }

  // The next event of this kind after those that were waited for before; "timeout" if none came.
  Event wait_for(const std::string& what, std::chrono::milliseconds limit = kLongEnough) {
    std::unique_lock lock(mutex_);
    std::size_t found = 0;
    bool came = changed_.wait_for(lock, limit, [&] {
      for (found = next_; found < events_.size(); ++found) {
        if (events_[found].what == what) return true;
      }
      return false;
    });
    if (!came) return {.what = "timeout"};
    next_ = found + 1;
    return events_[found];
  }
  std::vector<Event> all() const {
    std::lock_guard lock(mutex_);
    return events_;
  }
  std::size_t count(const std::string& what) const {
    std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(events_.begin(), events_.end(), [&](const Event& e) { return e.what == what; }));
  }

 private:
  void add(Event event) {
    event.thread = std::this_thread::get_id();
    {
      std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_all();
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;
  std::size_t next_ = 0;
};

}  // namespace sluice::test
