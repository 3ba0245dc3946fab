// The contract of a driver: something that produces samples, from a file, a bus or a formula. The runner
// opens it, polls it whenever it asked to be polled, and closes it; a driver that returns an error is closed,
// reported and opened again later. Everything happens on the one thread of the program, so poll() must be
// quick: it pushes what is due and says when it wants to be polled next, instead of waiting.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::drivers {

struct Sample {
  std::string topic;
  std::string payload;
};

// Where samples go. push() never blocks and always takes the sample: with the broker away and the buffer full
// the oldest one that waits is dropped and counted. A driver that can wait (one that reads a file) stops
// while there is no room; one that cannot (a sensor) pushes all the same.
class Output {
 public:
  virtual ~Output() = default;
  virtual void push(Sample sample) = 0;
  virtual bool has_room() const = 0;
};

// What a driver wants after a poll.
struct Next {
  enum class When { kAt, kWhenRoom, kDone };
  When when = When::kAt;
  std::int64_t at_boot_ms = 0;  // only for kAt; a moment in the past means as soon as possible

  static Next at(std::int64_t boot_ms) { return {When::kAt, boot_ms}; }
  static Next when_room() { return {When::kWhenRoom, 0}; }
  static Next done() { return {When::kDone, 0}; }
};

class Driver {
 public:
  virtual ~Driver() = default;
  virtual Status open(Instant now) = 0;
  virtual Result<Next> poll(Instant now, Output& output) = 0;
  virtual void close() = 0;  // after a failed open() or poll() too; open() may follow
};

}  // namespace sluice::drivers
