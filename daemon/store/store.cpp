#include "store/store.h"

#include <algorithm>
#include <functional>

#include "store/alert_queries.h"
#include "store/broker_session_rows.h"
#include "store/checkpoint.h"
#include "store/commit.h"
#include "store/old_summaries.h"
#include "store/outbox_queries.h"
#include "store/reserve.h"
#include "store/retention.h"
#include "store/schema.h"
#include "store/sqlite.h"
#include "store/sqlite_counting_vfs.h"
#include "store/unset_batches.h"
#include "store/zone_queries.h"

namespace sluice {

namespace {

constexpr int kCacheKib = 1024;
constexpr std::int64_t kSummariesEveryMs = 3600 * 1000;  // looked through for old ones
constexpr int kSpaceSteps = 100;                         // of retention, when the disk is full
constexpr std::int64_t kRoomRows = 250;                  // as many as commits remove at a time

// A page is the least that a commit writes. The WAL is folded into the database when it has this many: rarely
// enough that pages which change in each batch are seldom written twice, and small enough to be read again
// after a crash in no time. The limit keeps the file's length as it is, so that syncs have no metadata to
// write.
constexpr char kPageSize[] = "PRAGMA page_size=1024;";
constexpr char kPragmas[] =
    "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=16777216;"
    "PRAGMA secure_delete=OFF; PRAGMA trusted_schema=OFF; PRAGMA foreign_keys=OFF;";

constexpr char kUnclean[] = "SELECT value FROM meta WHERE key = 'unclean'";
constexpr char kSetUnclean[] = "INSERT OR REPLACE INTO meta VALUES('unclean', ?1)";
constexpr char kSetGateway[] = "INSERT OR REPLACE INTO meta VALUES('gateway', ?1)";

std::string reserve_path(const std::string& database) {
  return database.substr(0, database.rfind('/') + 1) + "reserve";
}

Status prepare_file(Connection& connection) {
  // Nothing is written to a file before it is known to be ours.
  Schema schema = current_schema();
  if (Status status = check_schema(connection, schema); !status.ok()) return status;
  if (Status status = connection.execute(kPageSize); !status.ok()) return status;
  {
    Query mode = connection.query("PRAGMA journal_mode=WAL");
    bool wal = mode.next() && mode.view(0) == "wal";
    if (Status status = mode.status(); !status.ok()) return status;
    if (!wal)
      return make_error(ErrorCode::kIo, connection.path() +
                                            " cannot be opened in WAL mode; "
                                            "put gateway.state_dir on a local file system");
  }
  if (Status status = connection.execute(kPragmas); !status.ok()) return status;
  return bring_up_to(connection, schema);
}

}  // namespace

struct Store::Impl {
  Impl(StoreSettings settings_in, Calendar calendar_in, Log& log_in)
      : settings(std::move(settings_in)),
        reserve(reserve_path(settings.path), settings.reserve_bytes),
        calendar(std::move(calendar_in)),
        log(log_in) {}

  StoreSettings settings;
  Reserve reserve;
  Calendar calendar;
  Log& log;
  std::unique_ptr<CountingVfs> vfs;
  std::unique_ptr<Connection> connection;
  CommitState state;
  bool was_unclean = false;
  bool marked_unclean = false;  // the flag in the database
  bool told_of_size = false;
  std::uint64_t forced_rows = 0;
  std::int64_t retain_now_ms = INT64_MIN;    // of the last retain_step
  std::int64_t summaries_at_ms = INT64_MIN;  // when none of them was old
  std::int64_t room_rows = 0;  // may be removed by the next commit: what was added, and a sixteenth
  std::uint64_t transactions = 0;

  Status open(const Connection::Options& options);
  Status load();
  Status settle_calendar();
  Result<bool> remove_old_summaries(std::int64_t now_wall_ms);
  // One write transaction. `change` works on a copy of the state that counts only if all went well.
  Status write(const std::function<Status(CommitState&)>& change);
  Result<int> write_counting(const std::function<Result<int>()>& change);
};

Status Store::Impl::open(const Connection::Options& options) {
  connection.reset();
  auto made = Connection::open(options);
  if (!made.ok()) return made.error();
  connection = std::move(*made);
  if (Status status = prepare_file(*connection); !status.ok()) return status;
  if (Status status = load(); !status.ok()) return status;
  return settle_calendar();
}

Status Store::Impl::load() {
  auto unclean = connection->integer(kUnclean);
  if (!unclean.ok()) return unclean.error();
  was_unclean = marked_unclean = *unclean != 0;
  auto read = read_commit_state(*connection);
  if (!read.ok()) return read.error();
  state = std::move(*read);
  // A process that was killed between writing a commit and syncing it, or after a sync that failed, leaves it
  // to be read, but not on the disk; the journal would let go of its records. Even that it was closed cleanly
  // may be such a commit.
  return connection->write_wal_again();
}

// Its own transaction, and only where something changes: a process that stores nothing leaves no trace.
Status Store::Impl::settle_calendar() {
  auto known = read_calendar(*connection, calendar);
  if (!known.ok()) return known.error();
  auto named = connection->integer("SELECT count(*) FROM zone");
  if (!named.ok()) return named.error();
  if (*named > 0 && known->zone_name() == calendar.zone_name()) {
    calendar = std::move(*known);
    return {};
  }
  Transaction transaction(*connection);
  if (Status status = transaction.begin(); !status.ok()) return status;
  auto change = settle_zone(*connection, calendar);
  if (!change.ok()) return change.error();
  if (Status status = transaction.commit(); !status.ok()) return status;
  if (change->made) {
    log.info("days are cut in {} from {} on; the day before it ends then, and those before it stay",
             calendar.zone_name(), format_date(change->first_day));
  }
  calendar = std::move(change->calendar);
  return {};
}

Status Store::Impl::write(const std::function<Status(CommitState&)>& change) {
  CommitState next = state;
  Transaction transaction(*connection);
  if (Status status = transaction.begin(); !status.ok()) return status;
  // The first transaction takes the flag along: a process that wrote nothing leaves nothing to check.
  if (!marked_unclean) {
    if (Status status = connection->query(kSetUnclean, 1).run(); !status.ok()) return status;
    if (Status status = connection->query(kSetGateway, settings.gateway).run(); !status.ok()) return status;
  }
  if (Status status = change(next); !status.ok()) return status;
  if (Status status = transaction.commit(); !status.ok()) return status;
  marked_unclean = true;
  state = std::move(next);
  ++transactions;
  return {};
}

Result<std::unique_ptr<Store>> Store::open(StoreSettings settings, Calendar calendar, Log& log) {
  auto impl = std::make_unique<Impl>(std::move(settings), std::move(calendar), log);
  auto vfs = CountingVfs::over(impl->settings.vfs);
  if (!vfs.ok()) return vfs.error();
  impl->vfs = std::move(*vfs);
  Connection::Options options;
  options.path = impl->settings.path;
  options.vfs = impl->vfs->name();
  options.cache_kib = kCacheKib;
  Status opened = impl->open(options);
  const bool full =
      !opened.ok() && (opened.error().code == ErrorCode::kNoSpace || opened.error().code == ErrorCode::kIo);
  // SQLite needs a little room even to begin; the last of the reserve is for that.
  if (full && impl->reserve.release_all()) {
    log.warning("{}; the last of the reserve is given up to start", opened.error().context);
    opened = impl->open(options);
  }
  if (!opened.ok()) return opened.error();
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Store::~Store() {
  impl_->connection.reset();  // before the VFS below it
}

const Calendar& Store::calendar() const {
  return impl_->calendar;
}

Result<Checkpoint> Store::load_checkpoint(const Lookback& lookback) {
  Transaction transaction(*impl_->connection);
  if (Status status = transaction.begin(Transaction::Kind::kRead); !status.ok()) return status.error();
  return read_checkpoint(*impl_->connection, lookback);
}

Status Store::commit(const Batch& batch) {
  const StoreSettings& settings = impl_->settings;
  CommitSettings limits{settings.reopen.count(), settings.quarantine_max, settings.alert_events_max};
  auto added = static_cast<std::int64_t>(batch.readings.size());
  std::int64_t room_rows = impl_->room_rows + added + added / 16;
  bool make = room_rows >= kRoomRows && impl_->retain_now_ms != INT64_MIN;
  Status status = impl_->write([&](CommitState& state) -> Status {
    Connection& connection = *impl_->connection;
    if (make) {
      std::int64_t rows = state.row_count;
      Status made = make_room(connection, settings.retention.count(), impl_->calendar, impl_->retain_now_ms,
                              room_rows, state);
      if (!made.ok()) return made;
      room_rows -= rows - state.row_count;
    }
    return write_batch(connection, limits, impl_->calendar, batch, state);
  });
  if (status.ok()) impl_->room_rows = std::min(room_rows, kRoomRows);
  return status;
}

Status Store::import(const Batch& batch) {
  return impl_->write(
      [&](CommitState& state) { return write_imported(*impl_->connection, impl_->calendar, batch, state); });
}

Result<BrokerSession> Store::broker_session() {
  return read_broker_session(*impl_->connection);
}

Status Store::keep_broker_session(const BrokerSession& session) {
  return impl_->write([&](CommitState&) { return write_broker_session(*impl_->connection, session); });
}

Status Store::keep_slots_of(const std::vector<std::string>& channels) {
  return impl_->write([&](CommitState&) { return delete_slots_of_others(*impl_->connection, channels); });
}

Result<std::vector<Store::Delivered>> Store::mark_delivered(const std::vector<Delivered>& delivered) {
  std::vector<Delivered> absent;
  if (delivered.empty()) return absent;
  Status done =
      impl_->write([&](CommitState&) { return delete_slots(*impl_->connection, delivered, absent); });
  if (!done.ok()) return done.error();
  return absent;
}

// True: there may be more.
Result<bool> Store::Impl::remove_old_summaries(std::int64_t now_wall_ms) {
  const bool clock_went_back = now_wall_ms < summaries_at_ms;
  if (!clock_went_back && summaries_at_ms != INT64_MIN && now_wall_ms - summaries_at_ms < kSummariesEveryMs)
    return false;
  auto days = old_summary_days(*connection, now_wall_ms - settings.summary_keep.count());
  if (!days.ok()) return days.error();
  if (days->empty()) {
    summaries_at_ms = now_wall_ms;
    return false;
  }
  Status removed = write([&](CommitState&) { return remove_summaries(*connection, *days); });
  if (!removed.ok()) return removed.error();
  return true;
}

Result<bool> Store::retain_step(std::int64_t now_wall_ms) {
  impl_->retain_now_ms = now_wall_ms;
  if (auto more = impl_->remove_old_summaries(now_wall_ms); !more.ok() || *more) return more;
  RetentionSettings limits{impl_->settings.retention.count(), impl_->settings.retention_grace.count(),
                           impl_->settings.max_size_bytes, impl_->settings.reopen.count()};
  auto due = anything_expired(*impl_->connection, limits, now_wall_ms);
  if (!due.ok() || !*due) return due;
  RetentionStep step;
  Status status = impl_->write([&](CommitState& state) -> Status {
    auto result = remove_expired(*impl_->connection, limits, impl_->calendar, now_wall_ms, state);
    if (!result.ok()) return result.error();
    step = *result;
    return {};
  });
  if (!status.ok()) return status.error();
  impl_->forced_rows += static_cast<std::uint64_t>(step.forced_rows);
  if (step.early && !impl_->told_of_size) {
    impl_->told_of_size = true;
    impl_->log.warning(
        "{} has reached store.max_size: the oldest readings are removed before their time (counter "
        "readings_expired); raise store.max_size or lower store.retention",
        impl_->settings.path);
  }
  return step.more;
}

Result<bool> Store::retime_step() {
  if (!impl_->state.retime_due) return false;
  bool more = false;
  Status status = impl_->write([&](CommitState& state) -> Status {
    auto done = retime_some(*impl_->connection, impl_->calendar, impl_->settings.reopen.count(), state);
    if (!done.ok()) return done.error();
    more = *done;
    return {};
  });
  if (!status.ok()) return status.error();
  return more;
}

Status Store::make_space(std::int64_t now_wall_ms) {
  if (!impl_->reserve.release()) return make_error(ErrorCode::kNoSpace, "no space is put aside any more");
  RetentionSettings limits{impl_->settings.retention.count(), 0, impl_->settings.max_size_bytes,
                           impl_->settings.reopen.count()};
  for (int step = 0; step < kSpaceSteps; ++step) {
    auto due = anything_expired(*impl_->connection, limits, now_wall_ms);
    if (!due.ok()) return due.error();
    if (!*due) break;
    std::int64_t forced_rows = 0;
    Status status = impl_->write([&](CommitState& state) -> Status {
      auto removed = remove_expired(*impl_->connection, limits, impl_->calendar, now_wall_ms, state);
      if (!removed.ok()) return removed.error();
      forced_rows = removed->forced_rows;
      return {};
    });
    if (!status.ok()) return status;
    impl_->forced_rows += static_cast<std::uint64_t>(forced_rows);
  }
  return {};
}

bool Store::reserve_is_whole() const {
  return impl_->reserve.whole();
}

Status Store::rebuild_reserve() {
  return impl_->reserve.rebuild();
}

bool Store::was_unclean() const {
  return impl_->was_unclean;
}

Status Store::close_cleanly() {
  Connection& connection = *impl_->connection;
  if (impl_->marked_unclean) {
    if (Status status = connection.query(kSetUnclean, 0).run(); !status.ok()) return status;
    impl_->marked_unclean = false;
  }
  return connection.checkpoint_and_truncate();
}

StoreStatus Store::status() {
  StoreStatus status;
  status.transactions = impl_->transactions;
  status.rows = static_cast<std::uint64_t>(impl_->state.row_count);
  status.size_bytes = impl_->connection->file_bytes();
  status.forced_rows = impl_->forced_rows;
  status.write_bytes = impl_->vfs->written_bytes();
  return status;
}

Status Store::save_revision(const SummaryRevision& revision, const std::vector<std::string>& sinks,
                            std::uint64_t touched, bool unchanged, const std::vector<RepeatedRow>& repeated) {
  return impl_->write([&](CommitState& state) {
    if (state.open_day == revision.day) state.open_day.reset();
    Status status = write_revision(*impl_->connection, impl_->calendar, revision, sinks, touched, unchanged);
    return status.ok() ? flag_repeated(*impl_->connection, impl_->calendar, repeated) : status;
  });
}

Status Store::update_outbox(const OutboxItem& item) {
  return impl_->write([&](CommitState&) { return write_outbox(*impl_->connection, item); });
}

Result<int> Store::Impl::write_counting(const std::function<Result<int>()>& change) {
  int changed = 0;
  Status status = write([&](CommitState&) -> Status {
    auto done = change();
    if (!done.ok()) return done.error();
    changed = *done;
    return {};
  });
  if (!status.ok()) return status.error();
  return changed;
}

Result<int> Store::expire_outbox(std::int64_t created_before_ms) {
  return impl_->write_counting([&] { return sluice::expire_outbox(*impl_->connection, created_before_ms); });
}

Result<int> Store::retry_outbox(const OutboxSelection& which) {
  return impl_->write_counting([&] { return sluice::retry_outbox(*impl_->connection, which); });
}

Result<int> Store::discard_outbox(const OutboxSelection& which, std::int64_t now_wall_ms) {
  return impl_->write_counting(
      [&] { return sluice::discard_outbox(*impl_->connection, which, now_wall_ms); });
}

}  // namespace sluice
