#include "store/sqlite.h"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace sluice {

namespace {

ErrorCode code_of(int rc, int system_errno) {
  switch (rc & 0xff) {
    case SQLITE_FULL:
      return ErrorCode::kNoSpace;
    case SQLITE_IOERR:
      return system_errno == ENOSPC || system_errno == EDQUOT ? ErrorCode::kNoSpace : ErrorCode::kIo;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOMEM:
      return ErrorCode::kIo;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInvalid;
  }
}

Error sqlite_error(sqlite3* handle, const std::string& path, int rc) {
  ErrorCode code = code_of(rc, handle != nullptr ? sqlite3_system_errno(handle) : 0);
  std::string reason = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(rc);
  switch (code) {
    case ErrorCode::kNoSpace:
      return make_error(
          code, "no space left to write " + path + "; free some, or lower store.retention or store.max_size");
    case ErrorCode::kIo:
      return make_error(
          code, "cannot read or write " + path + " (" + reason + "); check the disk and the permissions");
    case ErrorCode::kCorrupt:
      return make_error(code, path + " is damaged or not a database (" + reason + "); move it aside");
    case ErrorCode::kUnavailable:
      return make_error(code, path + " is locked by another program (" + reason + "); try again");
    default:
      return make_error(code, path + " refuses a statement (" + reason + "); is it a database of Sluice?");
  }
}

std::string uri_of(const std::string& path) {
  std::string uri = "file:";
  for (char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      static constexpr char kDigits[] = "0123456789ABCDEF";
      uri += '%';
      uri += kDigits[static_cast<unsigned char>(c) >> 4];
      uri += kDigits[static_cast<unsigned char>(c) & 15];
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

// Is there nothing in the WAL beside the database? Then the file alone is the whole state.
bool wal_is_empty(sqlite3_vfs* vfs, const std::string& path) {
  int exists = 0;
  std::string wal = path + "-wal";
  int rc = vfs->xAccess(vfs, wal.c_str(), SQLITE_ACCESS_EXISTS, &exists);
  return rc == SQLITE_OK && exists == 0;  // unix: a file of size 0 does not "exist"
}

}  // namespace

Query::Query(Connection& connection, sqlite3_stmt* statement, int rc)
    : connection_(&connection), statement_(statement), rc_(rc) {}

Query::Query(Query&& other) noexcept
    : connection_(other.connection_), statement_(other.statement_), rc_(other.rc_) {
  other.statement_ = nullptr;
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::reset() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

bool Query::next() {
  if (rc_ != SQLITE_OK) return false;
  int rc = sqlite3_step(statement_);
  if (rc == SQLITE_ROW) return true;
  if (rc != SQLITE_DONE) rc_ = rc;
  return false;
}

Status Query::status() const {
  if (rc_ != SQLITE_OK) return connection_->error(rc_);
  return {};
}

Status Query::run() {
  while (next()) {
  }
  return status();
}

void Query::bind_integer(int index, std::int64_t value) {
  if (rc_ == SQLITE_OK) rc_ = sqlite3_bind_int64(statement_, index, value);
}
void Query::bind(int index, double value) {
  if (rc_ == SQLITE_OK) rc_ = sqlite3_bind_double(statement_, index, value);
}
void Query::bind(int index, std::string_view text) {
  if (rc_ != SQLITE_OK) return;
  rc_ = sqlite3_bind_text64(statement_, index, text.data() != nullptr ? text.data() : "", text.size(),
                            SQLITE_TRANSIENT, SQLITE_UTF8);
}
void Query::bind(int index, Blob blob) {
  if (rc_ != SQLITE_OK) return;
  rc_ = sqlite3_bind_blob64(statement_, index, blob.bytes.data() != nullptr ? blob.bytes.data() : "",
                            blob.bytes.size(), SQLITE_TRANSIENT);
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}
double Query::real(int column) const {
  return sqlite3_column_double(statement_, column);
}
std::string_view Query::view(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  int size = sqlite3_column_bytes(statement_, column);
  return data == nullptr ? std::string_view()
                         : std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size));
}
bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

Result<std::unique_ptr<Connection>> Connection::open_as(const Options& options, const std::string& name,
                                                        int flags) {
  sqlite3* handle = nullptr;
  int rc = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX,
                           options.vfs.empty() ? nullptr : options.vfs.c_str());
  if (rc != SQLITE_OK) {
    Error error = sqlite_error(handle, options.path, rc);
    sqlite3_close_v2(handle);
    return error;
  }
  std::unique_ptr<Connection> connection(new Connection(handle, options.path));
  sqlite3_busy_timeout(handle, options.busy_timeout_ms);
  std::string pragmas = "PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0; PRAGMA cache_size=-" +
                        std::to_string(options.cache_kib) + ";";
  if (options.read_only) pragmas += "PRAGMA query_only=1;";
  Status status = connection->execute(pragmas.c_str());
  if (!status.ok()) return status.error();
  return connection;
}

Result<std::unique_ptr<Connection>> Connection::open(const Options& options) {
  if (!options.read_only) return open_as(options, options.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  auto connection = open_as(options, options.path, SQLITE_OPEN_READONLY);
  if (connection.ok()) {
    auto probe = (*connection)->integer("SELECT count(*) FROM sqlite_schema");
    if (!probe.ok()) connection = probe.error();
  }
  if (connection.ok()) return connection;
  // A WAL database needs its index file beside it, which a stranger to the folder cannot make.
  sqlite3_vfs* vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
  bool whole = vfs != nullptr && wal_is_empty(vfs, options.path);
  if (connection.error().code != ErrorCode::kIo || !whole) return connection;
  return open_as(options, uri_of(options.path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Connection::~Connection() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(handle_);
}

Status Connection::execute(const char* sql) {
  int rc = sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return error(rc);
  return {};
}

Query Connection::prepare(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  int rc = SQLITE_OK;
  if (statement == nullptr)
    rc = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  else
    SLUICE_CHECK(sqlite3_stmt_busy(statement) == 0, "a statement is used within itself");
  return Query(*this, statement, rc);
}

Result<std::int64_t> Connection::first_integer(Query& query) {
  std::int64_t value = query.next() ? query.integer(0) : 0;
  return query.result(value);
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(handle_);
}

void Connection::interrupt() {
  sqlite3_interrupt(handle_);
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

Status Connection::checkpoint_and_truncate() {
  int rc = sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  if (rc != SQLITE_OK && rc != SQLITE_BUSY) return error(rc);
  return {};
}

// Written, too: what a failed sync did not write, Linux takes for written, and another sync passes over.
Status Connection::write_wal_again() {
  sqlite3_file* file = nullptr;
  int rc = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (rc == SQLITE_OK && (file == nullptr || file->pMethods == nullptr)) return {};
  sqlite3_int64 size = 0;
  if (rc == SQLITE_OK) rc = file->pMethods->xFileSize(file, &size);
  std::vector<char> part(65536);
  for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size; at += static_cast<sqlite3_int64>(part.size())) {
    const int length = static_cast<int>(std::min<sqlite3_int64>(size - at, part.size()));
    rc = file->pMethods->xRead(file, part.data(), length, at);
    if (rc == SQLITE_OK) rc = file->pMethods->xWrite(file, part.data(), length, at);
  }
  if (rc == SQLITE_OK && size > 0) rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
  if (rc != SQLITE_OK) return error(rc);
  return {};
}

std::uint64_t Connection::file_bytes() const {
  std::uint64_t total = 0;
  for (int which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
    sqlite3_file* file = nullptr;
    sqlite3_int64 size = 0;
    int rc = sqlite3_file_control(handle_, "main", which, &file);
    if (rc != SQLITE_OK || file == nullptr || file->pMethods == nullptr) continue;
    if (file->pMethods->xFileSize(file, &size) == SQLITE_OK) total += static_cast<std::uint64_t>(size);
  }
  return total;
}

Error Connection::error(int rc) const {
  return sqlite_error(handle_, path_, rc);
}

Status Transaction::begin(Kind kind) {
  Status status = connection_.query(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN").run();
  open_ = status.ok();
  return status;
}

Status Transaction::commit() {
  Status status = connection_.query("COMMIT").run();
  if (status.ok()) open_ = false;
  return status;
}

void Transaction::roll_back() {
  // After some errors SQLite has rolled back by itself.
  if (open_ && connection_.in_transaction()) (void)connection_.query("ROLLBACK").run();
  open_ = false;
}

}  // namespace sluice
