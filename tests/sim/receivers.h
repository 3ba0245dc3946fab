// Those who are told: SimReceiver is the broker side of the alert connection (retained messages, and every
// event that arrived, with the true time), SimUpstream the receiver of summaries. Both can refuse, and both
// can take something and have their answer lost; the upstream can also stand still until its caller's time is
// up, and refuse for good. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "alert/channel.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "upload/sink.h"

namespace sluice::sim {

class SimReceiver final : public Publisher {
 public:
  SimReceiver(SimDisk& disk, SimClock& clock, std::uint64_t seed)
      : disk_(disk), clock_(clock), random_(seed) {}

  bool up = true;
  unsigned lose_one_in = 0;  // publications after which the connection breaks; 0: none
  std::map<std::string, std::string> retained;
  struct Told {
    std::int64_t true_ms = 0;
    std::string payload;
  };
  std::vector<Told> events;  // on …/events, as they came
  void gateway_died() { connected_ = false; }

  Status publish(const std::string& topic, const std::string& payload, int, bool keep) override {
    if (!connected()) return make_error(ErrorCode::kUnavailable, "not connected");
    if (!disk_.effect()) return {};
    if (lose_one_in > 0 && random_() % lose_one_in == 0) {
      connected_ = false;
      if (random_() % 2) return {};  // it never arrived, and nobody knows yet
    }
    if (keep && payload.empty()) retained.erase(topic);
    if (keep && !payload.empty()) retained[topic] = payload;
    if (topic.ends_with("/events")) events.push_back({clock_.true_ms(), payload});
    return {};
  }
  bool connected() const override { return connected_ && up; }
  Status connect(std::chrono::milliseconds) override {
    if (!up) return make_error(ErrorCode::kUnavailable, "connection refused");
    connected_ = true;
    return {};
  }
  Status wait_acknowledged(std::chrono::milliseconds) override {
    if (connected()) return {};
    connected_ = false;
    return make_error(ErrorCode::kUnavailable, "no answer");
  }
  Result<std::vector<std::string>> retained_below(const std::string& prefix) override {
    std::vector<std::string> topics;
    for (const auto& [topic, payload] : retained)
      if (topic.starts_with(prefix + "/")) topics.push_back(topic);
    return topics;
  }
  void disconnect() override { connected_ = false; }

 private:
  SimDisk& disk_;
  SimClock& clock_;
  std::mt19937_64 random_;
  bool connected_ = false;
};

class SimUpstream final : public Sink {
 public:
  SimUpstream(SimDisk& disk, std::uint64_t seed) : disk_(disk), random_(seed) {}

  bool up = true;
  unsigned lose_answer_one_in = 0;
  unsigned hang_one_in = 0;
  unsigned refuse_one_in = 0;
  std::function<void()> hang;     // lets the caller's time limit pass
  std::vector<Delivery> taken;    // in order, repeated ones too
  std::set<std::string> refused;  // keys

  const std::string& name() const override { return name_; }
  SinkAnswer deliver(const Delivery& delivery) override {
    if (!disk_.effect()) return {SinkAnswer::Kind::kDelivered, "", 0};
    if (!up) return {SinkAnswer::Kind::kRetry, "503", random_() % 2 ? 60000 : 0};
    if (refuse_one_in > 0 && random_() % refuse_one_in == 0) {
      refused.insert(delivery.key);
      return {SinkAnswer::Kind::kRefused, "422", 0};
    }
    const bool hangs = hang_one_in > 0 && random_() % hang_one_in == 0;
    if (!hangs || random_() % 2 == 0) taken.push_back(delivery);
    if (hangs) {
      hang();
      return {SinkAnswer::Kind::kRetry, "no answer in time", 0};
    }
    if (lose_answer_one_in > 0 && random_() % lose_answer_one_in == 0)
      return {SinkAnswer::Kind::kRetry, "no answer", 0};
    return {SinkAnswer::Kind::kDelivered, "200", 0};
  }

 private:
  SimDisk& disk_;
  std::mt19937_64 random_;
  std::string name_ = "upstream";
};

// A gateway owns its sinks; the upstream outlives gateways.
class SinkTo final : public Sink {
 public:
  explicit SinkTo(Sink& to) : to_(to) {}
  const std::string& name() const override { return to_.name(); }
  SinkAnswer deliver(const Delivery& delivery) override { return to_.deliver(delivery); }

 private:
  Sink& to_;
};

}  // namespace sluice::sim
