// Runs the drivers: polls each when it asked to be, opens a failed one again after a growing pause, and stops
// none because of another. A driver that failed counts as working once it has pushed a sample. Owns the
// drivers; single-threaded; told the time, so tests own the clock.
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

// How a driver is, for the status that the program publishes.
struct DriverStatus {
  enum class State { kRunning, kFailing, kGivenUp, kDone };
  std::string name;
  State state = State::kRunning;
  std::string error;  // of kFailing and kGivenUp
  std::int64_t since_wall_ms = 0;
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
  std::vector<DriverStatus> statuses() const;
  std::uint64_t status_changes() const { return status_changes_; }

 private:
  enum class State { kClosed, kOpen, kDone, kFailed };
  struct Entry {
    std::string name;
    std::unique_ptr<Driver> driver;
    State state = State::kClosed;
    Next next = Next::at(0);  // when closed: when to open
    std::int64_t pause_ms = 0;
    DriverStatus status;
  };
  void step(Entry& entry, Instant now);
  void fail(Entry& entry, Instant now, const Error& error);
  void set_status(Entry& entry, Instant now, DriverStatus::State state, const std::string& error);

  std::vector<Entry> entries_;
  Output& output_;
  Log& log_;
  OnFailure on_failure_;
  std::uint64_t status_changes_ = 0;
};

}  // namespace sluice::drivers
