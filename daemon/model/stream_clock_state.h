// StreamClockState: the engine's clocks at the end of a batch. Its readings saw the same offsets and
// connection: what changes them cuts it. The times of rows that came before the clock was set follow from it.
#pragma once

#include <cstdint>
#include <string>

namespace sluice {

struct StreamClockState {
  std::string boot_id;
  std::int64_t stream_minus_boot_ms =
      0;  // stream time = boot time + this; never goes back, not even over boots
  // Wall time = stream time + this. Stays as it was while the clock is not trusted: last known time +
  // elapsed.
  std::int64_t wall_minus_stream_ms = 0;
  std::int64_t subscribed_ms = 0;  // time spent subscribed, up to `stream_ms`
  std::int64_t stream_ms = 0;      // stream time of the last record or deadline
  bool connected = false;
  bool backlog = false;  // connected, and the session's backlog has not ended
  bool clock_trusted = false;
  bool session_present = false;         // of the connection
  std::int64_t connected_since_ms = 0;  // stream time of the newest connection
  bool operator==(const StreamClockState&) const = default;
};

}  // namespace sluice
