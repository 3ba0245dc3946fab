#include "store/outbox_queries.h"

#include "store/day_queries.h"

namespace sluice {

namespace {

// Finished uploads outlive upload.keep by this.
constexpr std::int64_t kFinishedKeptMs = 30ll * 24 * 3600 * 1000;

#define SLUICE_OUTBOX_COLUMNS \
  "id, sink, day, revision, key, state, attempts, created_ms, next_try_ms, done_ms, note"
#define SLUICE_SUMMARY_COLUMNS "day, revision, made_ms, digest, row_count, key, body"

constexpr char kInsertSummary[] =
    "INSERT INTO summary(" SLUICE_SUMMARY_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr char kInsertOutbox[] =
    "INSERT INTO outbox(sink, day, revision, key, state, attempts, created_ms, next_try_ms, done_ms, note) "
    "VALUES(?1, ?2, ?3, ?4, 0, 0, ?5, 0, 0, '')";
constexpr char kUpdateOutbox[] =
    "UPDATE outbox SET state = ?2, attempts = ?3, next_try_ms = ?4, done_ms = ?5, note = ?6 "
    "WHERE id = ?1 AND (state = 0 OR ?2 = 1)";
constexpr char kExpire[] =
    "UPDATE outbox SET state = 3, note = 'not delivered within upload.keep; last: ' || note "
    "WHERE state IN (0, 2) AND created_ms < ?1";
#define SLUICE_OUTBOX_SELECTED "(?1 = '' OR sink = ?1) AND (?2 IS NULL OR day = ?2)"
constexpr char kRetry[] =
    "UPDATE outbox SET state = 0, next_try_ms = 0, done_ms = 0 WHERE state IN (0, 2) "
    "AND " SLUICE_OUTBOX_SELECTED;
constexpr char kDiscard[] =
    "UPDATE outbox SET state = 3, done_ms = ?3, note = 'discarded by order; last: ' || note "
    "WHERE state IN (0, 2) AND " SLUICE_OUTBOX_SELECTED;
constexpr char kForgetFinished[] = "DELETE FROM outbox WHERE state != 0 AND created_ms < ?1";
constexpr char kRevision[] =
    "SELECT " SLUICE_SUMMARY_COLUMNS " FROM summary WHERE day = ?1 AND revision = ?2";
constexpr char kNewest[] =
    "SELECT " SLUICE_SUMMARY_COLUMNS " FROM summary WHERE day = ?1 ORDER BY revision DESC LIMIT 1";
constexpr char kSummaryDays[] = "SELECT DISTINCT day FROM summary ORDER BY day";
constexpr char kWaiting[] = "SELECT " SLUICE_OUTBOX_COLUMNS
                            " FROM outbox WHERE state = 0 AND sink = ?1 ORDER BY day, revision LIMIT ?2";
constexpr char kList[] =
    "SELECT " SLUICE_OUTBOX_COLUMNS " FROM outbox WHERE " SLUICE_OUTBOX_SELECTED " ORDER BY id DESC LIMIT ?3";
constexpr char kBody[] = "SELECT body FROM summary WHERE day = ?1 AND revision = ?2";

#undef SLUICE_OUTBOX_SELECTED
#undef SLUICE_OUTBOX_COLUMNS
#undef SLUICE_SUMMARY_COLUMNS

// The numbers are stored, so they never change meaning.
int number_of(OutboxState state) {
  switch (state) {
    case OutboxState::kPending:
      return 0;
    case OutboxState::kDelivered:
      return 1;
    case OutboxState::kParked:
      return 2;
    case OutboxState::kDiscarded:
      return 3;
  }
  return 3;
}

OutboxState state_of(std::int64_t number) {
  for (OutboxState state : {OutboxState::kPending, OutboxState::kDelivered, OutboxState::kParked})
    if (number == number_of(state)) return state;
  return OutboxState::kDiscarded;
}

Result<std::vector<OutboxItem>> items_of(Query query) {
  std::vector<OutboxItem> items;
  while (query.next()) {
    OutboxItem item;
    item.id = query.integer(0);
    item.sink = query.text(1);
    item.day = static_cast<Day>(query.integer(2));
    item.revision = static_cast<int>(query.integer(3));
    item.key = query.text(4);
    item.state = state_of(query.integer(5));
    item.attempts = static_cast<int>(query.integer(6));
    item.created_ms = query.integer(7);
    item.next_try_ms = query.integer(8);
    item.done_ms = query.integer(9);
    item.note = query.text(10);
    items.push_back(std::move(item));
  }
  return query.result(std::move(items));
}

Result<std::optional<SummaryRevision>> revision_of(Query query) {
  if (!query.next()) {
    if (Status status = query.status(); !status.ok()) return status.error();
    return std::optional<SummaryRevision>();
  }
  SummaryRevision revision;
  revision.day = static_cast<Day>(query.integer(0));
  revision.revision = static_cast<int>(query.integer(1));
  revision.made_ms = query.integer(2);
  revision.digest = query.text(3);
  revision.row_count = static_cast<std::uint64_t>(query.integer(4));
  revision.key = query.text(5);
  revision.body = query.text(6);
  return std::optional<SummaryRevision>(std::move(revision));
}

Status insert_revision(Connection& connection, const SummaryRevision& revision,
                       const std::vector<std::string>& sinks) {
  Status status = connection
                      .query(kInsertSummary, revision.day, revision.revision, revision.made_ms,
                             revision.digest, revision.row_count, revision.key, Blob{revision.body})
                      .run();
  if (!status.ok()) return status;
  for (const std::string& sink : sinks) {
    status =
        connection.query(kInsertOutbox, sink, revision.day, revision.revision, revision.key, revision.made_ms)
            .run();
    if (!status.ok()) return status;
  }
  return {};
}

}  // namespace

Status write_revision(Connection& connection, const Calendar& calendar, const SummaryRevision& revision,
                      const std::vector<std::string>& sinks, std::uint64_t touched, bool unchanged) {
  auto found = read_day(connection, calendar, revision.day);
  if (!found.ok()) return found.error();
  DayRow row;
  if (*found) {
    row = **found;
  } else {
    row.state.day = revision.day;
    row.state.zone = calendar.zone_name(revision.day);
  }
  if (!unchanged) {
    if (revision.revision != row.state.revision + 1)
      return make_error(ErrorCode::kInvalid, "revision " + std::to_string(revision.revision) + " of " +
                                                 format_date(revision.day) + " does not follow revision " +
                                                 std::to_string(row.state.revision) +
                                                 "; compute the day again");
    if (Status status = insert_revision(connection, revision, sinks); !status.ok()) return status;
    row.state.revision = revision.revision;
    if (row.state.first_revision_ms == 0) row.state.first_revision_ms = revision.made_ms;
  }
  if (row.state.touched == touched) row.state.dirty = false;
  row.open = false;
  return write_day(connection, row);
}

Status write_outbox(Connection& connection, const OutboxItem& item) {
  return connection
      .query(kUpdateOutbox, item.id, number_of(item.state), item.attempts, item.next_try_ms, item.done_ms,
             item.note)
      .run();
}

Result<int> expire_outbox(Connection& connection, std::int64_t created_before_ms) {
  if (Status status = connection.query(kExpire, created_before_ms).run(); !status.ok()) return status.error();
  const int discarded = static_cast<int>(connection.changes());
  Status forgotten = connection.query(kForgetFinished, created_before_ms - kFinishedKeptMs).run();
  if (!forgotten.ok()) return forgotten.error();
  return discarded;
}

Result<int> retry_outbox(Connection& connection, const OutboxSelection& which) {
  Status status = connection.query(kRetry, which.sink, which.day).run();
  if (!status.ok()) return status.error();
  return static_cast<int>(connection.changes());
}

Result<int> discard_outbox(Connection& connection, const OutboxSelection& which, std::int64_t now_wall_ms) {
  Status status = connection.query(kDiscard, which.sink, which.day, now_wall_ms).run();
  if (!status.ok()) return status.error();
  return static_cast<int>(connection.changes());
}

Result<std::optional<SummaryRevision>> read_revision(Connection& connection, Day day, int revision) {
  return revision_of(connection.query(kRevision, day, revision));
}

Result<std::optional<SummaryRevision>> read_newest_revision(Connection& connection, Day day) {
  return revision_of(connection.query(kNewest, day));
}

Result<std::vector<Day>> read_summary_days(Connection& connection) {
  std::vector<Day> days;
  Query query = connection.query(kSummaryDays);
  while (query.next()) {
    days.push_back(static_cast<Day>(query.integer(0)));
  }
  return query.result(std::move(days));
}

Result<std::vector<OutboxItem>> read_waiting(Connection& connection, const std::string& sink,
                                             std::size_t limit) {
  return items_of(connection.query(kWaiting, sink, limit));
}

Result<std::vector<OutboxItem>> read_outbox(Connection& connection, const OutboxSelection& which,
                                            std::size_t limit) {
  return items_of(connection.query(kList, which.sink, which.day, limit));
}

Result<std::string> read_body(Connection& connection, Day day, int revision) {
  Query query = connection.query(kBody, day, revision);
  if (query.next()) return query.text(0);
  if (Status status = query.status(); !status.ok()) return status.error();
  return make_error(ErrorCode::kNotFound,
                    "there is no summary of " + format_date(day) + ", revision " + std::to_string(revision));
}

}  // namespace sluice
