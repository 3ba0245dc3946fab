#include "engine/reading_flags.h"

namespace sluice {

std::uint32_t reading_flags(const JournalRecord& record, const DecodedValue& found,
                            const SensorEntryState& sensor, const Reading& row,
                            const StreamClockState& clock) {
  const std::int64_t connected_wall_ms = clock.connected_since_ms + clock.wall_minus_stream_ms;
  std::uint32_t flags = 0;
  if (found.has_time) flags |= kPayloadTime;
  if (record.flags & kRetainFlag) flags |= kRetained;
  if (clock.backlog && (!found.has_time || row.time_ms < connected_wall_ms)) flags |= kQueued;
  if (!clock.clock_trusted) flags |= found.has_time ? kClockUnset : kClockUnset | kTimeEstimated;
  // A time later than all before is new without a look.
  if (found.has_time && row.time_ms <= sensor.last.time_ms &&
      ((row.time_ms == sensor.last.time_ms && row.value == sensor.last.value) ||
       sensor.seen(row.time_ms, row.value))) {
    flags |= kDuplicate;
  }
  // The broker's copy of what was heard live already; without a time only the value can tell.
  if (!found.has_time && (record.flags & kRetainFlag) && sensor.last.time_ms != 0 &&
      row.value == sensor.last.value) {
    flags |= kDuplicate;
  }
  return flags;
}

}  // namespace sluice
