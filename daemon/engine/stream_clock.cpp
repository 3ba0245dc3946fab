#include "engine/stream_clock.h"

#include <algorithm>
#include <cstdlib>

namespace sluice {

namespace {
// What rounding and slewing make of the difference of two clocks; at 500 ppm, the fastest that ntpd and
// timesyncd slew, it is passed once in 40 s.
constexpr std::int64_t kSlackMs = 20;
}  // namespace

bool StreamClock::wall_moves(const JournalRecord& record) const {
  const std::int64_t offset_ms = record.wall_ms - (record.boot_ms + state_.stream_minus_boot_ms);
  return state_.clock_trusted && std::abs(offset_ms - state_.wall_minus_stream_ms) > kSlackMs;
}

FoldTime StreamClock::observe(const JournalRecord& record) {
  StreamClockState& s = state_;
  const bool another_offset = becomes_another(record) || wall_moves(record);
  if (record.kind == RecordKind::kStart) {
    // The process was not there, so nothing was subscribed since the last record.
    s.connected = false;
    s.backlog = false;
    if (s.boot_id != record.topic) {
      const std::int64_t passed = record.wall_ms - (s.stream_ms + s.wall_minus_stream_ms);
      const bool first = s.boot_id.empty();
      s.boot_id = record.topic;
      s.stream_ms =
          first ? std::max(record.wall_ms, built_ms_) : s.stream_ms + std::max<std::int64_t>(0, passed);
      s.stream_minus_boot_ms = s.stream_ms - record.boot_ms;
      s.clock_trusted = false;
    }
  }
  if (record.kind == RecordKind::kClockTrusted) s.clock_trusted = true;
  const std::int64_t stream_ms = std::max(s.stream_ms, record.boot_ms + s.stream_minus_boot_ms);
  if (s.connected) s.subscribed_ms += stream_ms - s.stream_ms;
  s.stream_ms = stream_ms;
  if (s.clock_trusted && another_offset) s.wall_minus_stream_ms = record.wall_ms - stream_ms;
  return time();
}

void StreamClock::apply(const JournalRecord& record) {
  switch (record.kind) {
    case RecordKind::kConnected:
      state_.connected = true;
      state_.connected_since_ms = state_.stream_ms;
      state_.backlog = true;
      state_.session_present = record.flags & kSessionPresent;
      break;
    case RecordKind::kDisconnected:
      state_.connected = false;
      state_.backlog = false;
      break;
    case RecordKind::kBacklogEnd:
      state_.backlog = false;
      break;
    default:
      break;
  }
}

FoldTime StreamClock::time_at(std::int64_t boot_ms) const {
  FoldTime at = time();
  const std::int64_t passed_ms = std::max<std::int64_t>(0, boot_ms - boot_of(at.stream_ms));
  at.stream_ms += passed_ms;
  at.connected = state_.connected;
  if (at.connected) at.subscribed_ms += passed_ms;
  return at;
}

FoldTime StreamClock::time() const {
  return {state_.stream_ms, state_.subscribed_ms, state_.wall_minus_stream_ms, state_.connected,
          state_.backlog,   state_.clock_trusted, state_.connected_since_ms};
}

}  // namespace sluice
