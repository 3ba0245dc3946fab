// PahoBrokerLink: the receiving connection, over the Paho C++ async_client. It connects once per call and
// reports; deciding when to try again is Session's. It keeps the MQTT session at the broker (clean start
// false) and nothing on its own side: no automatic reconnect, no offline buffer, no persistence.
//
// Threads: calls from main; events on Paho's threads, one at a time, under Paho's process-wide mutex. A call
// may wait for that mutex, that is for the on_message() that is running.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "intake/broker_link.h"

namespace sluice {

class PahoBrokerLink final : public BrokerLink {
 public:
  // `events` must outlive the link. No event comes after the destructor has returned.
  PahoBrokerLink(BrokerSettings settings, BrokerEvents& events);
  ~PahoBrokerLink() override;

  Status connect() override;
  Status subscribe(const std::vector<Subscription>& filters) override;
  Status unsubscribe(const std::vector<std::string>& filters) override;
  Status publish_qos1(const std::string& topic, const std::string& payload) override;
  Status disconnect() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
