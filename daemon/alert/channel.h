// Channel: somebody to tell. Called on a notifier thread; may block on its own network only.
#pragma once

#include <string>

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

// The seam to an MQTT connection that alerts have for themselves (io/mqtt_publisher is the real one).
class Publisher {
 public:
  virtual ~Publisher() = default;
  virtual Status publish(const std::string& topic, const std::string& payload, int qos, bool retained) = 0;
  virtual bool connected() const = 0;
};

}  // namespace sluice
