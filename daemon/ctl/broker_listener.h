// BrokerListener: a connection of sluicectl's own to the configured broker, which only listens: a client id
// of its own, no session kept, so that the gateway's session is not touched. One thread calls; Paho's threads
// fill its bounded queue, and what does not fit is counted.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/inbox.h"
#include "base/result.h"
#include "intake/broker_link.h"

namespace sluice {

struct HeardMessage {
  std::string topic;
  std::string payload;  // empty when oversize
  int qos = 0;
  bool retained = false;
  bool oversize = false;  // longer than mqtt.max_payload
};

class BrokerListener final : private BrokerEvents {
 public:
  explicit BrokerListener(BrokerSettings settings);
  ~BrokerListener() override;

  // Connects and subscribes; waits for the answers. Says which filters the broker refused.
  Status open(const std::vector<Subscription>& filters);
  std::optional<HeardMessage> next(std::chrono::milliseconds patience);
  std::optional<std::string> lost();  // why the connection ended, if it did
  std::uint64_t missed() const { return messages_.refused(); }

 private:
  struct Answer {
    enum class Kind { kConnected, kFailed, kSubscribed, kLost } kind;
    std::string why;
    std::vector<int> codes;
  };
  void on_connected(bool session_present) override;
  void on_connect_failed(const std::string& why) override;
  void on_subscribed(const std::vector<int>& codes) override;
  void on_unsubscribed() override {}
  void on_lost(const std::string& why) override;
  void on_disconnected() override {}
  void on_message(const ArrivedMessage& message) override;
  Result<Answer> wait_answer();

  const BrokerSettings settings_;
  Inbox<Answer> answers_;
  Inbox<HeardMessage> messages_;
  std::unique_ptr<BrokerLink> link_;  // last: its end ends the callbacks
};

}  // namespace sluice
