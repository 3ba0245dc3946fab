// Channel: somebody to tell. Called on a notifier thread; may block on its own network only.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/result.h"
#include "model/alert_event.h"

namespace sluice {

// What became of one event. status: ok, the other side has it; kRefused, it never will; anything else, try
// again, and not before `retry_after` when the other side asked for that.
struct ChannelAnswer {
  Status status;
  std::chrono::milliseconds retry_after{0};
};

// What a notifier has to tell, one event after the other.
class Deliveries {
 public:
  virtual ~Deliveries() = default;
  // Another event, of a (rule, sensor) that none under way has; none for now. Does not wait.
  virtual std::optional<AlertEvent> next() = 0;
  virtual void answer(std::size_t i, const ChannelAnswer& answer) = 0;  // to the i-th that next() gave
};

class Channel {
 public:
  virtual ~Channel() = default;
  // Tells of what there is, at most at_once() at a time, and returns once all that it took is answered. Here:
  // all together by deliver_all(); a channel whose deliveries take time each on its own takes the next as
  // soon as one has ended.
  virtual void deliver(Deliveries& deliveries) {
    std::vector<AlertEvent> events;
    while (events.size() < at_once()) {
      std::optional<AlertEvent> event = deliveries.next();
      if (!event) break;
      events.push_back(std::move(*event));
    }
    if (events.empty()) return;
    const std::vector<ChannelAnswer> answers = deliver_all(events);
    SLUICE_CHECK(answers.size() == events.size(), "a channel answers for each event");
    for (std::size_t i = 0; i < answers.size(); ++i) deliveries.answer(i, answers[i]);
  }
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
