// StreamClock: the fold's own time, made from what the records carry. It runs with CLOCK_BOOTTIME, so a step
// of the wall clock does not move it, and it never goes back: over a reboot it goes on by what the wall clock
// says has passed since the last known time, if that is forward. Until the wall clock is trusted,
// time().wall_ms() is an estimate, last known time + elapsed, with the same offset to the boot clock for the
// whole boot; from then on it is within 20 ms of the wall clock, with an offset that stays until it must not:
// what a batch keeps of its clocks is then true of each of its readings.
#pragma once

#include <cstdint>

#include "alert/alert_fold.h"
#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

class StreamClock {
 public:
  // `built_ms`: no time before it is believed of a gateway that never knew the time.
  explicit StreamClock(StreamClockState state, std::int64_t built_ms = 0)
      : state_(std::move(state)), built_ms_(built_ms) {}

  // Does the record begin another boot, or the time in which the clock is trusted?
  bool becomes_another(const JournalRecord& record) const {
    if (record.kind == RecordKind::kClockTrusted) return !state_.clock_trusted;
    return record.kind == RecordKind::kStart && record.topic != state_.boot_id;
  }
  // Has the wall clock stepped or drifted so far that another offset to it begins with the record?
  bool wall_moves(const JournalRecord& record) const;
  // Moves to the record's time; kStart may change the boot, and kClockTrusted is the first that is trusted.
  // Connection as it was before the record.
  FoldTime observe(const JournalRecord& record);
  // What the record changes for those that follow.
  void apply(const JournalRecord& record);

  FoldTime time() const;
  FoldTime time_at(std::int64_t boot_ms) const;  // later, if nothing was recorded since
  const StreamClockState& state() const { return state_; }
  std::int64_t boot_of(std::int64_t stream_ms) const { return stream_ms - state_.stream_minus_boot_ms; }

 private:
  StreamClockState state_;
  std::int64_t built_ms_;
};

}  // namespace sluice
