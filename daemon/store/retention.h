// Retention: removes whole batches of readings whose days are summed, delivered and past `retention`, counted
// from each day's last arrival; above `max_size` the oldest batches whatever their state. In steps that are
// short enough to stand between two commits.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "store/commit.h"
#include "store/sqlite.h"

namespace sluice {

struct RetentionSettings {
  std::int64_t retention_ms = 0;
  std::uint64_t max_size_bytes = 0;
};

struct RetentionStep {
  bool more = false;    // call again
  bool forced = false;  // max_size made it remove what was not summed and delivered, or not old enough
};

// In the caller's transaction; `state` is brought forward, after an error it is void.
Result<RetentionStep> remove_expired(Connection& connection, const RetentionSettings& settings,
                                     const Calendar& calendar, std::int64_t now_wall_ms, CommitState& state);
// Is there anything for remove_expired()? Writes nothing.
Result<bool> anything_expired(Connection& connection, const RetentionSettings& settings,
                              std::int64_t now_wall_ms);

}  // namespace sluice
