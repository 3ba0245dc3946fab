// FakePublisher: a connection to a broker that remembers what was published, and can be cut, filled up and
// kept from acknowledging.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/channel.h"

namespace sluice::test {

class FakePublisher final : public Publisher {
 public:
  struct Published {
    std::string topic;
    std::string payload;
    bool retained;
    bool operator==(const Published&) const = default;
  };
  Status publish(const std::string& topic, const std::string& payload, int qos, bool retain) override {
    EXPECT_EQ(1, qos);
    if (!up) return make_error(ErrorCode::kUnavailable, "down");
    if (unacknowledged >= room) return make_error(ErrorCode::kFull, "full");
    ++unacknowledged;
    log.push_back({topic, payload, retain});
    if (!retain) return {};
    if (payload.empty()) {
      retained.erase(topic);
    } else {
      retained[topic] = payload;
    }
    return {};
  }
  bool connected() const override { return up; }
  Status connect(std::chrono::milliseconds) override {
    ++connects;
    if (!reachable) return make_error(ErrorCode::kUnavailable, "refused");
    up = true;
    return {};
  }
  Status wait_acknowledged(std::chrono::milliseconds) override {
    if (!up || !acknowledges) {
      up = false;
      return make_error(ErrorCode::kUnavailable, "no acknowledgement");
    }
    unacknowledged = 0;
    return {};
  }
  Result<std::vector<std::string>> retained_below(const std::string& prefix) override {
    if (!readable) return make_error(ErrorCode::kUnavailable, "cannot read");
    std::vector<std::string> topics;
    for (const auto& [topic, payload] : retained) {
      if (topic.starts_with(prefix + "/")) topics.push_back(topic);
    }
    return topics;
  }
  Status listen(const std::string& topic) override {
    listens_to = topic;
    return {};
  }
  std::optional<std::string> take_heard() override { return std::exchange(heard, std::nullopt); }
  void disconnect() override { up = false; }

  int times(const std::string& topic) const {
    return static_cast<int>(
        std::count_if(log.begin(), log.end(), [&](const Published& one) { return one.topic == topic; }));
  }

  bool up = false;
  bool reachable = true;
  bool acknowledges = true;
  bool readable = true;
  std::size_t room = 1000;
  std::size_t unacknowledged = 0;
  int connects = 0;
  std::string listens_to;
  std::optional<std::string> heard;  // on that topic, and not taken yet
  std::vector<Published> log;
  std::map<std::string, std::string> retained;
};

}  // namespace sluice::test
