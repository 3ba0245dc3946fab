// The samples that are not yet acknowledged by the broker, in order: a bounded queue whose front part is in
// flight. Full, it drops the oldest sample that waits and counts it. Pure bookkeeping, no network; owned by
// MqttOutput.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "drivers/driver.h"

namespace sluice::drivers {

struct BufferLimits {
  std::size_t messages = 20'000;
  std::size_t bytes = 8 * 1024 * 1024;  // topics and payloads
  std::size_t in_flight = 100;          // sent and not acknowledged; below `messages`
};

class SendBuffer {
 public:
  explicit SendBuffer(BufferLimits limits);

  void push(Sample sample);
  // Not before the limits are half used, then not until they are less than a quarter used: who waits for room
  // gets a good stretch of it.
  bool has_room() const { return has_room_; }

  // The next sample to send, now in flight under `id`; absent with the window full or nothing waiting. The
  // pointer is good until the next call.
  struct Sending {
    std::uint64_t id;
    const Sample* sample;
  };
  std::optional<Sending> send_next();
  void acknowledged(std::uint64_t id);  // an id of before connection_lost() is ignored
  void connection_lost();               // all in flight waits again, before the rest

  std::size_t size() const { return in_flight_.size() + waiting_.size(); }
  bool empty() const { return size() == 0; }
  std::uint64_t pushed() const { return pushed_; }
  std::uint64_t delivered() const { return delivered_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  struct InFlight {
    Sample sample;
    bool acknowledged = false;
  };
  void account_room();

  BufferLimits limits_;
  std::deque<InFlight> in_flight_;  // the front one has id first_id_
  std::deque<Sample> waiting_;
  std::uint64_t first_id_ = 0;
  std::size_t bytes_ = 0;
  bool has_room_ = true;
  std::uint64_t pushed_ = 0;
  std::uint64_t delivered_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice::drivers
