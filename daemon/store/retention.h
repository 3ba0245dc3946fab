// Retention: removes whole batches of readings whose days are summed, delivered and past `retention`, counted
// from each day's last arrival; above `max_size` the oldest days that are summed and delivered, whatever
// their age, then summaries (old_summaries.h), and when there are none the oldest batches whatever their
// state. In steps that are short enough to stand between two commits.
//
// In WAL mode SQLite writes also the pages that become free, which would double what a reading costs. Pages
// that the same transaction fills again are written once; so commits remove about as many rows as they add.
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
  std::int64_t grace_ms = 0;  // left to commits, unless the database is too big
  std::uint64_t max_size_bytes = 0;
  std::int64_t reopen_ms = 0;
};

struct RetentionStep {
  bool more = false;             // call again
  bool early = false;            // max_size made it remove what was not old enough
  std::int64_t forced_rows = 0;  // of those, removed though not summed and delivered
};

// In the caller's transaction; `state` is brought forward, after an error it is void.
Result<RetentionStep> remove_expired(Connection& connection, const RetentionSettings& settings,
                                     const Calendar& calendar, std::int64_t now_wall_ms, CommitState& state);
// Is there anything for remove_expired()? Writes nothing.
Result<bool> anything_expired(Connection& connection, const RetentionSettings& settings,
                              std::int64_t now_wall_ms);
// What a commit removes: some `rows` of one day, if a day is past `retention_ms`.
Status make_room(Connection& connection, std::int64_t retention_ms, const Calendar& calendar,
                 std::int64_t now_wall_ms, std::int64_t rows, CommitState& state);

}  // namespace sluice
