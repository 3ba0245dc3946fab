// Runs the drivers: polls each when it asked to be, opens a failed one again after a growing pause, and stops
// none because of another. Owns the drivers; single-threaded; told the time, so tests own the clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "drivers/driver.h"

namespace sluice::drivers {

struct NamedDriver {
  std::string name;
  std::unique_ptr<Driver> driver;
};

class Runner {
 public:
  enum class OnFailure { kRetry, kGiveUp };
  Runner(std::vector<NamedDriver> drivers, Output& output, Log& log, OnFailure on_failure);

  // Polls every driver that is due, once. Returns when the next one is due; INT64_MAX: none by time alone.
  std::int64_t run(Instant now);
  void close();

  bool finished() const;  // every driver is done or given up
  int failed() const;     // given up
  bool waits_for_room() const;

 private:
  enum class State { kClosed, kOpen, kDone, kFailed };
  struct Entry {
    std::string name;
    std::unique_ptr<Driver> driver;
    State state = State::kClosed;
    Next next = Next::at(0);  // when closed: when to open
    std::int64_t pause_ms = 0;
  };
  void step(Entry& entry, Instant now);
  void fail(Entry& entry, Instant now, const Error& error);

  std::vector<Entry> entries_;
  Output& output_;
  Log& log_;
  OnFailure on_failure_;
};

}  // namespace sluice::drivers
