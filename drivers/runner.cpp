#include "drivers/runner.h"

#include <algorithm>

#include "base/time_text.h"

namespace sluice::drivers {

namespace {

constexpr std::int64_t kPauseFirstMs = 1000;
constexpr std::int64_t kPauseMaxMs = 60'000;

// Passes samples on and notices that there were some.
class WatchedOutput final : public Output {
 public:
  explicit WatchedOutput(Output& output) : output_(output) {}
  void push(Sample sample) override {
    pushed_ = true;
    output_.push(std::move(sample));
  }
  bool has_room() const override { return output_.has_room(); }
  bool pushed() const { return pushed_; }

 private:
  Output& output_;
  bool pushed_ = false;
};

}  // namespace

Runner::Runner(std::vector<NamedDriver> drivers, Output& output, Log& log, OnFailure on_failure)
    : output_(output), log_(log), on_failure_(on_failure) {
  for (NamedDriver& named : drivers) {
    Entry entry;
    entry.status.name = named.name;
    entry.name = std::move(named.name);
    entry.driver = std::move(named.driver);
    entries_.push_back(std::move(entry));
  }
}

std::int64_t Runner::run(Instant now) {
  std::int64_t next_ms = INT64_MAX;
  for (Entry& entry : entries_) {
    if (entry.state == State::kDone || entry.state == State::kFailed) continue;
    bool due =
        entry.next.when == Next::When::kWhenRoom ? output_.has_room() : entry.next.at_boot_ms <= now.boot_ms;
    if (due) step(entry, now);
    if (entry.state == State::kDone || entry.state == State::kFailed) continue;
    if (entry.next.when == Next::When::kAt) next_ms = std::min(next_ms, entry.next.at_boot_ms);
  }
  return next_ms;
}

void Runner::step(Entry& entry, Instant now) {
  if (entry.state == State::kClosed) {
    if (Status opened = entry.driver->open(now); !opened) return fail(entry, now, opened.error());
    entry.state = State::kOpen;
  }
  WatchedOutput watched(output_);
  Result<Next> next = entry.driver->poll(now, watched);
  if (!next) return fail(entry, now, next.error());
  entry.next = *next;
  bool done = next->when == Next::When::kDone;
  bool proven = watched.pushed() || done;  // a poll alone may only have begun what will fail
  if (proven && entry.pause_ms > 0) log_.info("{}: works again", entry.name);
  if (proven) entry.pause_ms = 0;
  if (proven || entry.pause_ms == 0)
    set_status(entry, now, done ? DriverStatus::State::kDone : DriverStatus::State::kRunning, "");
  if (!done) return;
  entry.driver->close();
  entry.state = State::kDone;
}

void Runner::set_status(Entry& entry, Instant now, DriverStatus::State state, const std::string& error) {
  DriverStatus& status = entry.status;
  if (status.since_wall_ms != 0 && status.state == state && status.error == error) return;
  if (status.since_wall_ms == 0 || status.state != state) status.since_wall_ms = now.wall_ms;
  status.state = state;
  status.error = error;
  ++status_changes_;
}

void Runner::fail(Entry& entry, Instant now, const Error& error) {
  entry.driver->close();
  bool known = entry.pause_ms > 0 && entry.status.error == error.context;
  if (on_failure_ == OnFailure::kGiveUp) {
    entry.state = State::kFailed;
    set_status(entry, now, DriverStatus::State::kGivenUp, error.context);
    log_.error("{}: {}", entry.name, error.context);
    return;
  }
  entry.state = State::kClosed;
  entry.pause_ms = entry.pause_ms == 0 ? kPauseFirstMs : std::min(entry.pause_ms * 2, kPauseMaxMs);
  entry.next = Next::at(now.boot_ms + entry.pause_ms);
  set_status(entry, now, DriverStatus::State::kFailing, error.context);
  std::string pause = format_duration(entry.pause_ms);
  if (known) {
    log_.debug("{}: no better; next try in {}", entry.name, pause);
  } else {
    log_.error("{}: {}; next try in {}", entry.name, error.context, pause);
  }
}

void Runner::close() {
  for (Entry& entry : entries_) {
    if (entry.state != State::kOpen) continue;
    entry.driver->close();
    entry.state = State::kDone;
  }
}

bool Runner::finished() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.state == State::kDone || entry.state == State::kFailed;
  });
}

int Runner::failed() const {
  return static_cast<int>(std::count_if(entries_.begin(), entries_.end(),
                                        [](const Entry& entry) { return entry.state == State::kFailed; }));
}

std::vector<DriverStatus> Runner::statuses() const {
  std::vector<DriverStatus> all;
  for (const Entry& entry : entries_) all.push_back(entry.status);
  return all;
}

bool Runner::waits_for_room() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.state == State::kOpen && entry.next.when == Next::When::kWhenRoom;
  });
}

}  // namespace sluice::drivers
