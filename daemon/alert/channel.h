// Channel: somebody to tell. Called on a notifier thread; may block on its own network only.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/alert_event.h"

namespace sluice {

// What became of one event. status: ok, the other side has it; kRefused, it never will; anything else, try
// again, and not before `retry_after` when the other side asked for that.
struct ChannelAnswer {
  Status status;
  std::chrono::milliseconds retry_after{0};
};

class Channel {
 public:
  virtual ~Channel() = default;
  // Tells of the newest transitions, each of another (rule, sensor), at most at_once() of them; answer i is
  // about events[i]. Takes no longer than the channel's time limit.
  virtual std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) = 0;
  virtual std::size_t at_once() const { return 16; }
  virtual void tick() {}  // between deliveries: reconnect, keep alive
  // Not ok: deliver_all() would fail at once, and this is why.
  virtual Status ready() { return {}; }
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
  // Takes messages of `topic`, which is outside every prefix above, until the connection ends.
  virtual Status listen(const std::string&) { return {}; }
  virtual std::optional<std::string> take_heard() { return std::nullopt; }  // the payload of the next of them
  virtual void disconnect() = 0;                                            // properly: the will is not sent
};

}  // namespace sluice
