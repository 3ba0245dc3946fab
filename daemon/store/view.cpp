#include "store/view.h"

#include <algorithm>

#include "store/alert_queries.h"
#include "store/checkpoint.h"
#include "store/day_queries.h"
#include "store/old_summaries.h"
#include "store/outbox_queries.h"
#include "store/row_queries.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/zone_queries.h"

namespace sluice {

namespace {

constexpr int kCacheKib = 512;

constexpr char kSensors[] = "SELECT id, name, unit FROM sensor ORDER BY id";
constexpr char kLedger[] = "SELECT day, name, value FROM counter";
constexpr char kLedgerOf[] = "SELECT day, name, value FROM counter WHERE day = ?1";
constexpr char kCursor[] = "SELECT journal_id, seq FROM cursor";
constexpr char kRowsAfter[] =
    "SELECT id, sensor, time_ms, value, lag_ms, flags FROM reading WHERE id > ?1 ORDER BY id LIMIT ?2";
constexpr char kBatchesAfter[] =
    "SELECT id, first_row, last_row, lower(hex(digest)), id IN (SELECT id FROM unset_batch) FROM batch "
    "WHERE id > ?1 ORDER BY id LIMIT ?2";
constexpr char kUnsetCounts[] = "SELECT 0, name, sum(value) FROM unset_counter GROUP BY name";
constexpr char kWaitsForClock[] = "SELECT EXISTS (SELECT 1 FROM unset_batch)";
constexpr std::int64_t kLookbackMs = 3600'000;
// Bounded by row, since a sensor that has gone quiet would have the whole table read.
constexpr char kNewestRows[] =
    "SELECT sensor, time_ms, value, lag_ms, flags FROM reading "
    "WHERE id > (SELECT last_row FROM cursor) - 200000 AND sensor = ?1 ORDER BY id DESC LIMIT ?2";
constexpr char kQuarantine[] =
    "SELECT at_ms, topic, payload, reason FROM quarantine "
    "WHERE ?1 = '' OR reason = ?1 OR reason LIKE '%/' || ?1 ORDER BY id DESC LIMIT ?2";
constexpr char kPin[] = "SELECT commits FROM cursor";

Result<Ledger> ledger_of(Query query) {
  Ledger ledger;
  while (query.next()) {
    if (auto counter = counter_of(query.view(1)))
      ledger[static_cast<Day>(query.integer(0))][*counter] = static_cast<std::uint64_t>(query.integer(2));
  }
  return query.result(std::move(ledger));
}

}  // namespace

struct StoreView::Impl {
  Impl(std::unique_ptr<Connection> connection_in, Calendar calendar_in, OnStore on_store_in)
      : connection(std::move(connection_in)),
        calendar(std::move(calendar_in)),
        on_store(std::move(on_store_in)) {}

  std::unique_ptr<Connection> connection;
  Calendar calendar;
  OnStore on_store;
  std::unique_ptr<Transaction> snapshot;

  Status write(const std::function<Status(Store&)>& change) {
    if (!on_store)
      return make_error(ErrorCode::kRefused,
                        connection->path() + " is open for reading only; start sluiced to change it");
    return on_store(change);
  }
  Result<int> write_counting(const std::function<Result<int>(Store&)>& change) {
    int changed = 0;
    Status status = write([&](Store& store) -> Status {
      auto done = change(store);
      if (!done.ok()) return done.error();
      changed = *done;
      return {};
    });
    if (!status.ok()) return status.error();
    return changed;
  }
};

Result<std::unique_ptr<StoreView>> StoreView::open(const std::string& path, const std::string& vfs,
                                                   const Calendar& calendar, OnStore on_store) {
  Connection::Options options;
  options.path = path;
  options.vfs = vfs;
  options.read_only = true;
  options.cache_kib = kCacheKib;
  auto connection = Connection::open(options);
  if (!connection.ok()) return connection.error();
  if (Status status = require_current(**connection, current_schema()); !status.ok()) return status.error();
  auto days = read_calendar(**connection, calendar);
  if (!days.ok()) return days.error();
  return std::unique_ptr<StoreView>(
      new StoreView(std::make_unique<Impl>(std::move(*connection), std::move(*days), std::move(on_store))));
}

StoreView::StoreView(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreView::~StoreView() {
  end_snapshot();
}

Result<std::vector<Silence>> StoreView::silences() {
  return read_silences(*impl_->connection);
}

Result<std::vector<AlertEvent>> StoreView::firing_alerts() {
  return read_firing(*impl_->connection);
}

Status StoreView::check_integrity() {
  return read_every_page(*impl_->connection);
}

void StoreView::interrupt() {
  impl_->connection->interrupt();
}

Result<std::vector<StoredAlert>> StoreView::alert_history(std::size_t limit) {
  return read_alert_history(*impl_->connection, limit);
}

Result<std::vector<Day>> StoreView::summary_days() {
  return read_summary_days(*impl_->connection);
}

Result<std::optional<Day>> StoreView::summaries_removed_to() {
  return sluice::summaries_removed_to(*impl_->connection);
}

Result<std::optional<SummaryRevision>> StoreView::revision(Day day, int revision) {
  return read_revision(*impl_->connection, day, revision);
}

Result<Ledger> StoreView::ledger() {
  return ledger_of(impl_->connection->query(kLedger));
}

Result<Counts> StoreView::unset_counts() {
  auto counts = ledger_of(impl_->connection->query(kUnsetCounts));
  if (!counts.ok()) return counts.error();
  return (*counts)[0];
}

Result<Cursor> StoreView::cursor() {
  Query query = impl_->connection->query(kCursor);
  Cursor cursor;
  if (query.next()) cursor = {query.text(0), static_cast<std::uint64_t>(query.integer(1))};
  return query.result(std::move(cursor));
}

const Calendar& StoreView::calendar() const {
  return impl_->calendar;
}

Result<std::vector<StoreView::Row>> StoreView::rows_after(std::int64_t after_id, std::size_t limit) {
  std::vector<Row> rows;
  Query query = impl_->connection->query(kRowsAfter, after_id, limit);
  while (query.next()) {
    rows.push_back({query.integer(0), reading_of(query, 1)});
  }
  return query.result(std::move(rows));
}

Result<std::vector<StoreView::BatchRow>> StoreView::batches_after(std::int64_t after_id, std::size_t limit) {
  std::vector<BatchRow> batches;
  Query query = impl_->connection->query(kBatchesAfter, after_id, limit);
  while (query.next()) {
    batches.push_back(
        {query.integer(0), query.integer(1), query.integer(2), query.text(3), query.integer(4) != 0});
  }
  return query.result(std::move(batches));
}

Result<Checkpoint> StoreView::checkpoint() {
  return read_checkpoint(*impl_->connection, {kLookbackMs});
}

Result<std::vector<Reading>> StoreView::newest_rows(SensorId sensor, std::size_t limit) {
  std::vector<Reading> rows;
  Query query = impl_->connection->query(kNewestRows, sensor, limit);
  while (query.next()) {
    rows.push_back(reading_of(query));
  }
  return query.result(std::move(rows));
}

Result<std::vector<StoredSample>> StoreView::quarantine(const std::string& reason, std::size_t limit) {
  std::vector<StoredSample> samples;
  Query query = impl_->connection->query(kQuarantine, reason, limit);
  while (query.next()) samples.push_back({query.integer(0), query.text(1), query.text(2), query.text(3)});
  return query.result(std::move(samples));
}

Result<ArrivalFacts> StoreView::arrival_facts() {
  return read_arrival_facts(*impl_->connection);
}

Status StoreView::next_arrivals(const ArrivalSpan& span, Arrivals& piece) {
  return read_arrivals(*impl_->connection, span, piece);
}

Result<bool> StoreView::waits_for_clock() {
  auto waits = impl_->connection->integer(kWaitsForClock);
  if (!waits.ok()) return waits.error();
  return *waits != 0;
}

Result<std::vector<DayState>> StoreView::dirty_days() {
  auto rows = read_dirty_days(*impl_->connection, impl_->calendar);
  if (!rows.ok()) return rows.error();
  std::vector<DayState> days;
  for (DayRow& row : *rows) days.push_back(std::move(row.state));
  return days;
}

Result<std::optional<DayState>> StoreView::day_state(Day day) {
  auto row = read_day(*impl_->connection, impl_->calendar, day);
  if (!row.ok()) return row.error();
  if (!*row) return std::optional<DayState>();
  return std::optional<DayState>(std::move((*row)->state));
}

Result<std::vector<SummarySensor>> StoreView::sensors() {
  std::vector<SummarySensor> sensors;
  Query query = impl_->connection->query(kSensors);
  while (query.next()) {
    sensors.push_back({static_cast<SensorId>(query.integer(0)), query.text(1), query.text(2)});
  }
  return query.result(std::move(sensors));
}

Status StoreView::begin_snapshot() {
  SLUICE_CHECK(impl_->snapshot == nullptr, "a snapshot is open already");
  auto snapshot = std::make_unique<Transaction>(*impl_->connection);
  if (Status status = snapshot->begin(Transaction::Kind::kRead); !status.ok()) return status;
  // SQLite takes the snapshot at the first read.
  if (auto pinned = impl_->connection->integer(kPin); !pinned.ok()) return pinned.error();
  impl_->snapshot = std::move(snapshot);
  return {};
}

void StoreView::end_snapshot() {
  impl_->snapshot.reset();
}

Status StoreView::visit_rows(std::int64_t from_ms, std::int64_t to_ms, const RowVisitor& visit) {
  return visit_rows_between(*impl_->connection, impl_->calendar, from_ms, to_ms,
                            [&](std::int64_t, const Reading& reading) { visit(reading); });
}

Status StoreView::visit_numbered_rows(std::int64_t from_ms, std::int64_t to_ms,
                                      const NumberedRowVisitor& visit) {
  return visit_rows_between(*impl_->connection, impl_->calendar, from_ms, to_ms, visit);
}

Result<std::optional<SensorTallies>> StoreView::tallies(Day day) {
  return read_tallies(*impl_->connection, impl_->calendar, day);
}

Result<StoreView::Page> StoreView::page(const PageQuery& query) {
  Page page;
  std::int64_t seen = query.after;
  std::size_t examined = 0;
  Status status = examine_rows(*impl_->connection, impl_->calendar, query.from_ms, query.to_ms, query.after,
                               [&](std::int64_t row, const Reading& reading) {
                                 if (page.rows.size() == query.limit || examined == query.examine_max) {
                                   page.next = seen;
                                   return false;
                                 }
                                 seen = row;
                                 ++examined;
                                 const bool in_span =
                                     reading.time_ms >= query.from_ms && reading.time_ms < query.to_ms;
                                 if (in_span && (!query.sensor || *query.sensor == reading.sensor))
                                   page.rows.push_back(reading);
                                 return true;
                               });
  if (!status.ok()) return status.error();
  return page;
}

Result<std::vector<AlertSpan>> StoreView::alert_spans(std::int64_t from_ms, std::int64_t to_ms) {
  return read_alert_spans(*impl_->connection, from_ms, to_ms);
}

Result<Counts> StoreView::arrived_on(Day day) {
  auto ledger = ledger_of(impl_->connection->query(kLedgerOf, day));
  if (!ledger.ok()) return ledger.error();
  return (*ledger)[day];
}

Result<std::optional<SummaryRevision>> StoreView::newest(Day day) {
  return read_newest_revision(*impl_->connection, day);
}

Status StoreView::save(const SummaryRevision& revision, const std::vector<std::string>& sinks,
                       std::uint64_t touched, bool unchanged, const std::vector<RepeatedRow>& repeated) {
  return impl_->write(
      [&](Store& store) { return store.save_revision(revision, sinks, touched, unchanged, repeated); });
}

Result<std::vector<OutboxItem>> StoreView::waiting(const std::string& sink, std::size_t limit) {
  return read_waiting(*impl_->connection, sink, limit);
}

Result<std::vector<OutboxItem>> StoreView::list(std::size_t limit, const OutboxSelection& which) {
  return read_outbox(*impl_->connection, which, limit);
}

Result<std::string> StoreView::body(Day day, int revision) {
  return read_body(*impl_->connection, day, revision);
}

Status StoreView::update(const OutboxItem& item) {
  return impl_->write([&](Store& store) { return store.update_outbox(item); });
}

Result<int> StoreView::expire(std::int64_t created_before_ms) {
  return impl_->write_counting([&](Store& store) { return store.expire_outbox(created_before_ms); });
}

Result<int> StoreView::retry(const OutboxSelection& which) {
  return impl_->write_counting([&](Store& store) { return store.retry_outbox(which); });
}

Result<int> StoreView::discard(const OutboxSelection& which, std::int64_t now_wall_ms) {
  return impl_->write_counting([&](Store& store) { return store.discard_outbox(which, now_wall_ms); });
}

}  // namespace sluice
