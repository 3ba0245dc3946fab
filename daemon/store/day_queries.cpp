#include "store/day_queries.h"

#include <algorithm>

namespace sluice {

namespace {

#define SLUICE_DAY_COLUMNS                                                                       \
  "day, zone, last_arrival_ms, revision, first_revision_ms, touched, dirty, open, first_batch, " \
  "last_batch, removed"

constexpr char kReadDay[] = "SELECT " SLUICE_DAY_COLUMNS " FROM day WHERE day = ?1";
constexpr char kDirtyDays[] = "SELECT " SLUICE_DAY_COLUMNS " FROM day WHERE dirty = 1 ORDER BY day";
constexpr char kWriteDay[] =
    "INSERT OR REPLACE INTO day(" SLUICE_DAY_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
constexpr char kCommits[] = "SELECT commits FROM cursor";
constexpr char kNewestArrival[] =
    "SELECT max_arrival_ms FROM batch WHERE id > ?1 AND max_time_ms >= ?2 AND min_time_ms < ?3 "
    "AND id NOT IN (SELECT id FROM unset_batch) ORDER BY id DESC LIMIT 1";

#undef SLUICE_DAY_COLUMNS

DayRow day_of(const Query& query) {
  DayRow row;
  row.state.day = static_cast<Day>(query.integer(0));
  row.state.zone = query.text(1);
  row.state.last_arrival_ms = query.integer(2);
  row.state.revision = static_cast<int>(query.integer(3));
  row.state.first_revision_ms = query.integer(4);
  row.state.touched = static_cast<std::uint64_t>(query.integer(5));
  row.state.dirty = query.integer(6) != 0;
  row.open = query.integer(7) != 0;
  row.first_batch = query.integer(8);
  row.last_batch = query.integer(9);
  row.removed = static_cast<int>(query.integer(10));
  return row;
}

// Brings an open day to the newest commit. Every commit since counts as one that touched it: a day that is
// summed once too often costs a pass, one summed too seldom would be wrong.
Status derive(Connection& connection, const Calendar& calendar, DayRow& row) {
  if (!row.open) return {};
  auto commits = connection.integer(kCommits);
  if (!commits.ok()) return commits.error();
  auto arrival = connection.integer(kNewestArrival, row.last_batch, calendar.begin_ms(row.state.day),
                                    calendar.end_ms(row.state.day));
  if (!arrival.ok()) return arrival.error();
  row.state.touched += static_cast<std::uint64_t>(*commits - row.last_batch);
  row.state.last_arrival_ms = std::max(row.state.last_arrival_ms, *arrival);
  row.last_batch = *commits;
  return {};
}

// The row and what is derived must be of the same moment.
Status read_together(Connection& connection, Transaction& transaction) {
  return connection.in_transaction() ? Status() : transaction.begin(Transaction::Kind::kRead);
}

}  // namespace

Result<std::optional<DayRow>> read_day(Connection& connection, const Calendar& calendar, Day day) {
  Transaction together(connection);
  if (Status status = read_together(connection, together); !status.ok()) return status.error();
  std::optional<DayRow> found;
  {
    Query query = connection.query(kReadDay, day);
    if (query.next()) found = day_of(query);
    if (Status status = query.status(); !status.ok()) return status.error();
  }
  if (found) {
    if (Status status = derive(connection, calendar, *found); !status.ok()) return status.error();
  }
  return found;
}

Result<std::vector<DayRow>> read_dirty_days(Connection& connection, const Calendar& calendar) {
  Transaction together(connection);
  if (Status status = read_together(connection, together); !status.ok()) return status.error();
  std::vector<DayRow> days;
  {
    Query query = connection.query(kDirtyDays);
    while (query.next()) {
      days.push_back(day_of(query));
    }
    if (Status status = query.status(); !status.ok()) return status.error();
  }
  for (DayRow& day : days) {
    if (Status status = derive(connection, calendar, day); !status.ok()) return status.error();
  }
  return days;
}

Status write_day(Connection& connection, const DayRow& row) {
  const DayState& state = row.state;
  return connection
      .query(kWriteDay, state.day, state.zone, state.last_arrival_ms, state.revision, state.first_revision_ms,
             state.touched, state.dirty, row.open, row.first_batch, row.last_batch, row.removed)
      .run();
}

void touch_day(DayRow& row, std::int64_t commit, std::int64_t last_arrival_ms, bool may_dirty) {
  row.first_batch = row.first_batch == 0 ? commit : std::min(row.first_batch, commit);
  row.last_batch = std::max(row.last_batch, commit);
  row.state.last_arrival_ms = std::max(row.state.last_arrival_ms, last_arrival_ms);
  if (row.removed == 2) row.removed = 1;  // there is something to remove again
  if (!may_dirty) return;
  row.state.dirty = true;
  ++row.state.touched;
}

bool is_too_late(const DayRow& row, std::int64_t arrival_ms, std::int64_t reopen_ms) {
  if (row.state.first_revision_ms == 0) return false;
  return row.removed != 0 || arrival_ms - row.state.first_revision_ms > reopen_ms;
}

}  // namespace sluice
