// Connection and Query: what Sluice uses of SQLite, and the only way to it. SQLite's codes become Errors
// here: FULL → kNoSpace, IOERR → kIo, CORRUPT and NOTADB → kCorrupt, BUSY → kUnavailable. A Connection
// belongs to one thread. SQL is always a literal: prepared statements are kept by the address of their text.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace sluice {

class Connection;

struct Blob {
  std::string_view bytes;
};

// One run of a prepared statement; gives it back when it goes. next() says whether there is a row; when there
// is none, status() says whether that was the end or an error, also one of preparing or binding. Text from
// view() is valid until the next row.
class Query {
 public:
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  bool next();
  Status status() const;
  // What was read from the rows, unless an error ended them.
  template <class T>
  Result<T> result(T read) const {
    if (Status ended = status(); !ended.ok()) return ended.error();
    return read;
  }
  Status run();  // to the end, ignoring rows
  template <class... A>
  Status run_with(const A&... values) {  // again, with other values for all parameters
    reset();
    bind_all(values...);
    return run();
  }
  template <class... A>
  void bind_all(const A&... values) {
    int index = 0;
    (bind(++index, values), ...);
  }

  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const { return std::string(view(column)); }
  std::string_view view(int column) const;  // text or blob
  bool is_null(int column) const;

 private:
  friend class Connection;
  Query(Connection& connection, sqlite3_stmt* statement, int rc);
  template <std::integral T>
  void bind(int index, T value) {
    bind_integer(index, static_cast<std::int64_t>(value));
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value) bind(index, *value);  // else NULL
  }
  void bind(int index, double value);
  void bind(int index, std::string_view text);
  void bind(int index, const char* text) { bind(index, std::string_view(text)); }
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
  void bind(int index, Blob blob);
  void bind(int index, std::nullptr_t) { (void)index; }  // NULL is what nothing is bound to
  void bind_integer(int index, std::int64_t value);
  void reset();

  Connection* connection_;
  sqlite3_stmt* statement_;
  int rc_;  // the first error, or SQLite's "ok"
};

class Connection {
 public:
  struct Options {
    std::string path;
    std::string vfs;  // empty: the default
    bool read_only = false;
    int cache_kib = 512;
    int busy_timeout_ms = 2000;
  };
  // Read-only connections also open a cleanly closed database in a folder that they may not write.
  static Result<std::unique_ptr<Connection>> open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Status execute(const char* sql);  // any number of statements, not kept
  template <class... A>
  Query query(const char* sql, const A&... values) {
    Query query = prepare(sql);
    query.bind_all(values...);
    return query;
  }
  // The single integer that a query gives; 0 where it gives no row or NULL.
  template <class... A>
  Result<std::int64_t> integer(const char* sql, const A&... values) {
    Query query = prepare(sql);
    query.bind_all(values...);
    return first_integer(query);
  }
  std::int64_t changes() const;  // rows changed by the last statement
  bool in_transaction() const;
  void interrupt();                  // any thread: the statement that runs now ends with an error
  Status checkpoint_and_truncate();  // empties the WAL, as far as readers let it
  Status write_wal_again();          // what it holds is on the disk
  std::uint64_t file_bytes() const;  // database and WAL
  const std::string& path() const { return path_; }

 private:
  friend class Query;
  Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  static Result<std::unique_ptr<Connection>> open_as(const Options& options, const std::string& name,
                                                     int flags);
  Query prepare(const char* sql);
  static Result<std::int64_t> first_integer(Query& query);
  Error error(int rc) const;

  sqlite3* handle_;
  std::string path_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

// A transaction that is undone unless commit() succeeded.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  explicit Transaction(Connection& connection) : connection_(connection) {}
  ~Transaction() { roll_back(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Status begin(Kind kind = Kind::kWrite);
  Status commit();

 private:
  void roll_back();
  Connection& connection_;
  bool open_ = false;
};

}  // namespace sluice
