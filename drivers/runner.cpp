#include "drivers/runner.h"

#include <algorithm>

#include "base/time_text.h"

namespace sluice::drivers {

namespace {

constexpr std::int64_t kPauseFirst_ms = 1000;
constexpr std::int64_t kPauseMax_ms = 60'000;

}  // namespace

Runner::Runner(std::vector<NamedDriver> drivers, Output& output, Log& log, OnFailure on_failure)
    : output_(output), log_(log), on_failure_(on_failure) {
  for (NamedDriver& named : drivers) {
    Entry entry;
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
  Result<Next> next = entry.driver->poll(now, output_);
  if (!next) return fail(entry, now, next.error());
  if (entry.pause_ms > 0) log_.info("{}: works again", entry.name);
  entry.pause_ms = 0;
  entry.next = *next;
  if (next->when != Next::When::kDone) return;
  entry.driver->close();
  entry.state = State::kDone;
}

void Runner::fail(Entry& entry, Instant now, const Error& error) {
  entry.driver->close();
  if (on_failure_ == OnFailure::kGiveUp) {
    entry.state = State::kFailed;
    log_.error("{}: {}", entry.name, error.context);
    return;
  }
  entry.state = State::kClosed;
  entry.pause_ms = entry.pause_ms == 0 ? kPauseFirst_ms : std::min(entry.pause_ms * 2, kPauseMax_ms);
  entry.next = Next::at(now.boot_ms + entry.pause_ms);
  log_.error("{}: {}; next try in {}", entry.name, error.context, format_duration(entry.pause_ms));
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

bool Runner::waits_for_room() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.state == State::kOpen && entry.next.when == Next::When::kWhenRoom;
  });
}

}  // namespace sluice::drivers
