// Channel: somebody to tell. Called on a notifier thread; may block on its own network only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/alert_event.h"

namespace sluice {

class Channel {
 public:
  virtual ~Channel() = default;
  // Tells of the newest transition of one (rule, sensor). kUnavailable: try again later; kRefused: never
  // will.
  virtual Status deliver(const AlertEvent& event) = 0;
  // Tells of several, in order; result i is that of events[i]. A channel that can have more than one on its
  // way at a time overrides it.
  virtual std::vector<Status> deliver_all(const std::vector<AlertEvent>& events) {
    std::vector<Status> results;
    results.reserve(events.size());
    for (const AlertEvent& event : events) results.push_back(deliver(event));
    return results;
  }
  virtual void tick() {}  // between deliveries: reconnect, keep alive
};

// The seam to an MQTT connection that alerts have for themselves (io/mqtt_publisher is the real one). One
// thread calls; nothing takes longer than its timeout and a little.
class Publisher {
 public:
  virtual ~Publisher() = default;
  // Sends and does not wait. kFull: too much is on its way, wait_acknowledged() makes room. kRefused: cannot
  // be published at all.
  virtual Status publish(const std::string& topic, const std::string& payload, int qos, bool retained) = 0;
  virtual bool connected() const = 0;
  // One attempt.
  virtual Status connect(std::chrono::milliseconds timeout) = 0;
  // Until the broker has acknowledged all that was published with QoS 1. kUnavailable: it has not, and which
  // of it arrived is unknown; the connection is closed then.
  virtual Status wait_acknowledged(std::chrono::milliseconds timeout) = 0;
  // The topics below `prefix` that hold a retained message.
  virtual Result<std::vector<std::string>> retained_below(const std::string& prefix) = 0;
  virtual void disconnect() = 0;  // properly: the will is not sent
};

}  // namespace sluice
