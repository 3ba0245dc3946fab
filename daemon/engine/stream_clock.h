// StreamClock: the fold's own time, made from what the records carry. It runs with CLOCK_BOOTTIME, so a step
// of the wall clock does not move it, and it never goes back: over a reboot it goes on by what the wall clock
// says has passed, if that is forward.
#pragma once

#include <cstdint>

#include "alert/alert_fold.h"
#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

class StreamClock {
 public:
  explicit StreamClock(StreamClockState state) : state_(std::move(state)) {}

  // Moves to the record's time; kStart may change the boot. Connection and trust as they were before the
  // record.
  FoldTime observe(const JournalRecord& record);
  // What the record changes for those that follow.
  void apply(const JournalRecord& record);

  FoldTime time() const;
  FoldTime time_at(std::int64_t boot_ms) const;  // later, if nothing was recorded since
  const StreamClockState& state() const { return state_; }
  std::int64_t boot_of(std::int64_t stream_ms) const { return stream_ms - state_.stream_minus_boot_ms; }

 private:
  StreamClockState state_;
};

}  // namespace sluice
