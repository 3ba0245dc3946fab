// MqttPublisher: the connection that alerts and status have for themselves, over Paho's synchronous C library
// (MQTTClient): it shares neither mutex nor threads with the receiving connection, so an alert does not wait
// while that one is storing a message. Its will says that the gateway is offline. It speaks MQTT 3.1.1
// whatever mqtt.protocol says: it needs nothing of MQTT 5, and the two libraries in one process leak what
// MQTT 5 adds to a connection.
//
// Threads: one caller (the notifier); connected() from any. Paho's own thread reports acknowledgements.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/channel.h"
#include "intake/broker_link.h"

namespace sluice {

class MqttPublisher final : public Publisher {
 public:
  struct Role {
    std::string suffix = "alerts";  // connects as `<client_id>-<suffix>`
    bool tells_status = true;       // its will says that the gateway is offline
  };
  // To the broker of `settings`.
  MqttPublisher(BrokerSettings settings, const std::string& gateway)
      : MqttPublisher(std::move(settings), gateway, Role()) {}
  MqttPublisher(BrokerSettings settings, const std::string& gateway, const Role& role);
  ~MqttPublisher() override;

  Status connect(std::chrono::milliseconds timeout) override;
  bool connected() const override;
  Status publish(const std::string& topic, const std::string& payload, int qos, bool retained) override;
  Status wait_acknowledged(std::chrono::milliseconds timeout) override;
  Result<std::vector<std::string>> retained_below(const std::string& prefix) override;
  Status listen(const std::string& topic) override;
  std::optional<std::string> take_heard() override;
  void disconnect() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
