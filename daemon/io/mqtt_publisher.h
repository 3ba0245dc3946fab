// MqttPublisher: the connection that alerts have for themselves, over Paho's synchronous C library: its
// threads and its lock are not those of the receiving connection, so a slow journal delays no alert.
// MQTT 3.1.1, which every broker speaks and which has all that is needed here. One notifier thread.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "alert/channel.h"
#include "intake/broker_link.h"

namespace sluice {

class MqttPublisher final : public Publisher {
 public:
  // Its client id is <client_id>-alerts; its will says on sluice/<gateway>/status that we are offline.
  MqttPublisher(BrokerSettings settings, const std::string& gateway);
  ~MqttPublisher() override;

  Status connect() override;
  bool connected() const override;
  Result<int> send(const std::string& topic, const std::string& payload, bool retained) override;
  Status finish(int number) override;
  Result<std::vector<std::pair<std::string, std::string>>> retained_below(const std::string& prefix) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
