// MqttChannel: alerts over MQTT, and our own status. Below sluice/<gateway>/:
//   alerts/<alert>/<sensor>  retained while firing; on resolve the event unretained, then an empty retained
//   message events                   every transition told status                   retained
//   {"state":"online",…}; the connection's will says offline
// At each connect what the broker retains of us is read: what no longer stands is cleared, what stands is
// told again. One notifier thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "alert/channel.h"
#include "base/clock.h"
#include "base/log.h"

namespace sluice {

class MqttChannel final : public Channel {
 public:
  struct Sources {
    std::function<std::vector<AlertEvent>()> standing;  // what fires and was told
    std::function<std::string()> status;                // JSON object for the status topic
  };
  MqttChannel(const std::string& gateway, Publisher& publisher, Sources sources, Clock& clock, Log& log);

  Status deliver(const AlertEvent& event) override;
  void tick() override;
  void say_offline();  // at a proper stop, where no will is sent

 private:
  Status reconcile();
  void publish_status();
  std::string topic_of(const AlertEvent& event) const;
  const std::string gateway_;
  const std::string prefix_;  // sluice/<gateway>
  Publisher& publisher_;
  Sources sources_;
  Clock& clock_;
  Log& log_;
  std::string status_;  // as it was published
  std::int64_t next_connect_boot_ms_ = 0;
  std::int64_t backoff_ms_ = 0;
  bool ready_ = false;  // connected and reconciled
};

}  // namespace sluice
