#include "store/retention.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "store/day_queries.h"
#include "store/old_summaries.h"
#include "store/unset_batches.h"

namespace sluice {

namespace {

constexpr std::int64_t kStepRows = 4000;

// A day that is summed, delivered as far as it will be, and old enough.
#define SLUICE_DAY_IS_DONE                                                           \
  "dirty = 0 AND open = 0 AND revision > 0 AND last_arrival_ms < ?1 AND NOT EXISTS " \
  "(SELECT 1 FROM outbox o WHERE o.state = 0 AND o.day = day.day)"

constexpr char kDoneDay[] = "SELECT day FROM day WHERE " SLUICE_DAY_IS_DONE
                            " AND removed < 2 AND last_arrival_ms > 0 ORDER BY day LIMIT 1";
constexpr char kIsDone[] = "SELECT " SLUICE_DAY_IS_DONE " FROM day WHERE day = ?2";

#undef SLUICE_DAY_IS_DONE

constexpr char kPagesUsed[] =
    "SELECT p.page_count - f.freelist_count FROM pragma_page_count p, pragma_freelist_count f";
constexpr char kPageBytes[] = "SELECT page_size FROM pragma_page_size";
constexpr char kBatches[] =
    "SELECT id, first_row, last_row, min_time_ms, max_time_ms, min_arrival_ms, max_arrival_ms FROM batch "
    "WHERE id BETWEEN ?1 AND ?2 AND id NOT IN (SELECT id FROM unset_batch) ORDER BY id";
constexpr char kTimes[] = "SELECT time_ms, time_ms + lag_ms FROM reading WHERE id BETWEEN ?1 AND ?2";
constexpr char kDeleteRows[] = "DELETE FROM reading WHERE id BETWEEN ?1 AND ?2";
constexpr char kDeleteBatch[] = "DELETE FROM batch WHERE id = ?1";
constexpr char kRowCount[] = "UPDATE cursor SET row_count = ?1";

struct StoredBatch {
  std::int64_t id = 0;
  std::int64_t first_row = 0;
  std::int64_t last_row = 0;
  std::set<Day> days;  // of its readings' times
};

// One step: chooses batches, removes them, and keeps the books.
class Removal {
 public:
  Removal(Connection& connection, const Calendar& calendar, std::int64_t done_before_ms, CommitState& state)
      : connection_(connection), calendar_(calendar), done_before_ms_(done_before_ms), state_(state) {}

  // Chooses from commits first…last, oldest first, until it has `rows_max`.
  Status choose(std::int64_t first, std::int64_t last, std::int64_t rows_max, bool forced);
  // Of a day that is done; what it shares with days that are not goes with those.
  Status remove_of(Day day, std::int64_t rows_max);
  bool chose_nothing() const { return chosen_.empty(); }
  Status remove(std::optional<Day> finished);

 private:
  Result<bool> is_done(Day day);
  Result<std::set<Day>> days_of(const Query& batch);
  Status remove_batch(const StoredBatch& batch);
  Status mark(Day day, bool all);

  Connection& connection_;
  const Calendar& calendar_;
  std::int64_t done_before_ms_;
  CommitState& state_;
  std::map<Day, bool> done_;
  std::vector<StoredBatch> chosen_;
  Ledger expired_;
};

Result<bool> Removal::is_done(Day day) {
  auto known = done_.find(day);
  if (known != done_.end()) return known->second;
  Query query = connection_.query(kIsDone, done_before_ms_, day);
  bool done = !query.next() || query.integer(0) != 0;
  if (Status status = query.status(); !status.ok()) return status.error();
  done_[day] = done;
  return done;
}

Result<std::set<Day>> Removal::days_of(const Query& batch) {
  std::set<Day> days{calendar_.day_of(batch.integer(3)), calendar_.day_of(batch.integer(4))};
  if (days.size() == 1) return days;
  Query rows = connection_.query(kTimes, batch.integer(1), batch.integer(2));
  while (rows.next()) {
    days.insert(calendar_.day_of(rows.integer(0)));
  }
  return rows.result(std::move(days));
}

Status Removal::choose(std::int64_t first, std::int64_t last, std::int64_t rows_max, bool forced) {
  std::int64_t rows = 0;
  Query query = connection_.query(kBatches, first, last);
  while (rows < rows_max && query.next()) {
    auto days = days_of(query);
    if (!days.ok()) return days.error();
    bool may = true;
    for (Day day : *days) {
      if (forced) break;
      auto done = is_done(day);
      if (!done.ok()) return done.error();
      may = may && *done;
    }
    if (!may) continue;
    rows += query.integer(2) - query.integer(1) + 1;
    chosen_.push_back({query.integer(0), query.integer(1), query.integer(2), std::move(*days)});
  }
  return query.status();
}

Status Removal::remove_batch(const StoredBatch& batch) {
  {
    Query rows = connection_.query(kTimes, batch.first_row, batch.last_row);
    while (rows.next()) {
      ++expired_[calendar_.day_of(rows.integer(1))][Counter::kReadingsExpired];
      --state_.row_count;
    }
    if (Status status = rows.status(); !status.ok()) return status.error();
  }
  Status status = connection_.query(kDeleteRows, batch.first_row, batch.last_row).run();
  if (!status.ok()) return status;
  return connection_.query(kDeleteBatch, batch.id).run();
}

Status Removal::mark(Day day, bool all) {
  auto found = read_day(connection_, calendar_, day);
  if (!found.ok()) return found.error();
  if (!*found) return {};
  DayRow row = **found;
  int removed = std::max(row.removed, all ? 2 : 1);
  if (removed == row.removed && !row.open) return {};
  row.removed = removed;
  if (row.open) ++row.state.touched;  // the derived part is now written; a summary of before is outdated
  // A correction cannot be computed from what is left: the revision made from all rows stands.
  if (row.state.revision > 0) row.state.dirty = false;
  return write_day(connection_, row);
}

Status Removal::remove(std::optional<Day> finished) {
  std::set<Day> days;
  for (const StoredBatch& batch : chosen_) days.insert(batch.days.begin(), batch.days.end());
  for (Day day : days) {
    if (Status status = mark(day, false); !status.ok()) return status;
  }
  if (finished) {
    if (Status status = mark(*finished, true); !status.ok()) return status;
  }
  for (const StoredBatch& batch : chosen_) {
    if (Status status = remove_batch(batch); !status.ok()) return status;
  }
  if (chosen_.empty()) return {};
  if (Status status = add_counts(connection_, expired_); !status.ok()) return status;
  return connection_.query(kRowCount, state_.row_count).run();
}

Status Removal::remove_of(Day day, std::int64_t rows_max) {
  auto row = read_day(connection_, calendar_, day);
  if (!row.ok()) return row.error();
  SLUICE_CHECK(row->has_value(), "a day that is done has a row");
  Status status = choose((*row)->first_batch, (*row)->last_batch, rows_max, false);
  if (!status.ok()) return status;
  return remove(chosen_.empty() ? std::optional<Day>(day) : std::nullopt);
}

Result<bool> too_big(Connection& connection, std::uint64_t max_size_bytes) {
  auto pages = connection.integer(kPagesUsed);
  if (!pages.ok()) return pages.error();
  auto page_bytes = connection.integer(kPageBytes);
  if (!page_bytes.ok()) return page_bytes.error();
  return static_cast<std::uint64_t>(*pages * *page_bytes) > max_size_bytes;
}

// Nothing is left to remove but what waits for the clock: it is entered as it is, and may go with the next
// step.
Result<RetentionStep> enter_estimated(Connection& connection, const Calendar& calendar,
                                      const RetentionSettings& settings, CommitState& state) {
  if (Status status = note_estimates(connection, state); !status.ok()) return status.error();
  auto entered = retime_some(connection, calendar, settings.reopen_ms, state);
  if (!entered.ok()) return entered.error();
  RetentionStep step;
  step.more = *entered;
  return step;
}

Result<std::optional<Day>> done_day(Connection& connection, std::int64_t done_before_ms) {
  Query query = connection.query(kDoneDay, done_before_ms);
  std::optional<Day> day;
  if (query.next()) day = static_cast<Day>(query.integer(0));
  return query.result(day);
}

// The oldest, where they are what makes the database big.
Result<bool> remove_big_summaries(Connection& connection, std::uint64_t max_size_bytes) {
  auto big = summaries_are_big(connection, max_size_bytes);
  if (!big.ok() || !*big) return big;
  auto days = old_summary_days(connection, INT64_MAX);
  if (!days.ok()) return days.error();
  if (Status status = remove_summaries(connection, *days); !status.ok()) return status.error();
  return !days->empty();
}

// Nothing is old enough, and the database is too big.
Result<RetentionStep> make_small(Connection& connection, const RetentionSettings& settings,
                                 const Calendar& calendar, CommitState& state) {
  RetentionStep step;
  Removal removal(connection, calendar, INT64_MAX, state);
  auto day = done_day(connection, INT64_MAX);
  if (!day.ok()) return day.error();
  if (day->has_value()) {
    step.more = step.early = true;
    if (Status status = removal.remove_of(**day, kStepRows); !status.ok()) return status.error();
    return step;
  }
  auto summaries = remove_big_summaries(connection, settings.max_size_bytes);
  if (!summaries.ok()) return summaries.error();
  if (*summaries) {
    step.more = step.early = true;
    return step;
  }
  const std::int64_t rows_before = state.row_count;
  Status status = removal.choose(0, INT64_MAX, kStepRows, true);
  if (!status.ok()) return status.error();
  step.more = step.early = !removal.chose_nothing();
  if (!step.more && state.unset_batches > 0) return enter_estimated(connection, calendar, settings, state);
  if (status = removal.remove(std::nullopt); !status.ok()) return status.error();
  step.forced_rows = rows_before - state.row_count;
  return step;
}

}  // namespace

Result<bool> anything_expired(Connection& connection, const RetentionSettings& settings,
                              std::int64_t now_wall_ms) {
  auto big = too_big(connection, settings.max_size_bytes);
  if (!big.ok()) return big;
  if (*big) {
    auto batches = connection.integer("SELECT count(*) FROM (SELECT 1 FROM batch LIMIT 1)");
    if (!batches.ok()) return batches.error();
    return *batches != 0;
  }
  auto day = done_day(connection, now_wall_ms - settings.retention_ms - settings.grace_ms);
  if (!day.ok()) return day.error();
  return day->has_value();
}

Result<RetentionStep> remove_expired(Connection& connection, const RetentionSettings& settings,
                                     const Calendar& calendar, std::int64_t now_wall_ms, CommitState& state) {
  auto big = too_big(connection, settings.max_size_bytes);
  if (!big.ok()) return big.error();
  std::int64_t done_before_ms = now_wall_ms - settings.retention_ms - (*big ? 0 : settings.grace_ms);
  Removal removal(connection, calendar, done_before_ms, state);
  RetentionStep step;
  auto day = done_day(connection, done_before_ms);
  if (!day.ok()) return day.error();
  if (day->has_value()) {
    step.more = true;
    if (Status status = removal.remove_of(**day, kStepRows); !status.ok()) return status.error();
  } else if (*big) {
    return make_small(connection, settings, calendar, state);
  }
  return step;
}

Status make_room(Connection& connection, std::int64_t retention_ms, const Calendar& calendar,
                 std::int64_t now_wall_ms, std::int64_t rows, CommitState& state) {
  auto day = done_day(connection, now_wall_ms - retention_ms);
  if (!day.ok()) return day.error();
  if (!day->has_value()) return {};
  return Removal(connection, calendar, now_wall_ms - retention_ms, state).remove_of(**day, rows);
}

}  // namespace sluice
