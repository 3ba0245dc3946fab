// Channel: somebody to tell. Called on a notifier thread; may block on its own network only.
#pragma once

#include <chrono>
#include <string>
#include <utility>
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
  virtual void tick() {}  // between deliveries: reconnect, keep alive
};

// The seam to an MQTT connection that alerts have for themselves (io/mqtt_publisher is the real one). One
// thread.
class Publisher {
 public:
  virtual ~Publisher() = default;
  virtual Status connect() = 0;  // blocks for a few seconds at most
  virtual bool connected() const = 0;
  // Sends at QoS 1 and does not wait; the number is for finish(), which waits until the broker has it.
  virtual Result<int> send(const std::string& topic, const std::string& payload, bool retained) = 0;
  virtual Status finish(int number) = 0;
  // What the broker retains below a prefix (without its trailing slash): topic and payload.
  virtual Result<std::vector<std::pair<std::string, std::string>>> retained_below(
      const std::string& prefix) = 0;
};

}  // namespace sluice
