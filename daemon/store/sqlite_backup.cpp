#include "store/sqlite_backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sluice {

namespace {

constexpr int kPagesAStep = 4096;
constexpr int kBusyMs = 5000;

struct Closing {
  void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
};
using Handle = std::unique_ptr<sqlite3, Closing>;

Error failed(const std::string& what, sqlite3* handle) {
  const int rc = handle != nullptr ? sqlite3_errcode(handle) : SQLITE_NOMEM;
  const ErrorCode code = rc == SQLITE_FULL                             ? ErrorCode::kNoSpace
                         : rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? ErrorCode::kCorrupt
                                                                       : ErrorCode::kIo;
  return make_error(code, what + ": " + (handle != nullptr ? sqlite3_errmsg(handle) : "out of memory") +
                              (code == ErrorCode::kNoSpace ? "; free some space there" : ""));
}

Error system_error(const std::string& what) {
  return make_error(errno == ENOSPC ? ErrorCode::kNoSpace : ErrorCode::kIo,
                    what + ": " + std::strerror(errno));
}

Result<Handle> open(const std::string& path, int flags) {
  sqlite3* raw = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  Handle handle(raw);
  if (rc != SQLITE_OK) return failed("cannot open " + path, handle.get());
  sqlite3_busy_timeout(handle.get(), kBusyMs);
  return handle;
}

Status run(sqlite3* handle, const char* sql, const std::string& what) {
  if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) return failed(what, handle);
  return {};
}

// Within a read transaction of `source`: the backup uses it, and so sees one snapshot.
Status copy_pages(sqlite3* source, sqlite3* copy, const BackupProgress& progress) {
  sqlite3_backup* backup = sqlite3_backup_init(copy, "main", source, "main");
  if (backup == nullptr) return failed("cannot begin the copy", copy);
  sqlite3_stmt* page = nullptr;
  std::uint64_t page_bytes = 1024;
  if (sqlite3_prepare_v2(source, "PRAGMA page_size", -1, &page, nullptr) == SQLITE_OK &&
      sqlite3_step(page) == SQLITE_ROW) {
    page_bytes = static_cast<std::uint64_t>(sqlite3_column_int64(page, 0));
  }
  sqlite3_finalize(page);
  int rc = SQLITE_OK;
  while (rc == SQLITE_OK) {
    rc = sqlite3_backup_step(backup, kPagesAStep);
    const auto total = static_cast<std::uint64_t>(sqlite3_backup_pagecount(backup));
    const auto left = static_cast<std::uint64_t>(sqlite3_backup_remaining(backup));
    if (progress && (rc == SQLITE_OK || rc == SQLITE_DONE))
      progress((total - left) * page_bytes, total * page_bytes);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (rc != SQLITE_DONE || finished != SQLITE_OK) return failed("cannot copy the database", copy);
  return {};
}

Status verify(sqlite3* copy, const std::string& path) {
  sqlite3_stmt* check = nullptr;
  if (sqlite3_prepare_v2(copy, "PRAGMA quick_check(1)", -1, &check, nullptr) != SQLITE_OK) {
    return failed("cannot check the copy " + path, copy);
  }
  const bool stepped = sqlite3_step(check) == SQLITE_ROW;
  const unsigned char* text = stepped ? sqlite3_column_text(check, 0) : nullptr;
  const std::string found = text != nullptr ? reinterpret_cast<const char*>(text) : "no answer";
  sqlite3_finalize(check);
  if (found == "ok") return {};
  return make_error(ErrorCode::kCorrupt, "the copy is damaged (" + found +
                                             "); is the database? run sluicectl audit, and check the disk");
}

Status sync_path(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return system_error("cannot open " + path);
  const int synced = ::fsync(fd);
  Status status = synced == 0 ? Status() : Status(system_error("cannot write " + path + " to the disk"));
  ::close(fd);
  return status;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

Error there_already(const std::string& path) {
  return make_error(ErrorCode::kRefused, path + " is there already and stays as it is; name another file");
}

Status make_copy(const std::string& from, const std::string& partial, const BackupProgress& progress) {
  auto source = open(from, SQLITE_OPEN_READONLY);
  if (!source.ok()) return source.error();
  auto copy = open(partial, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  if (!copy.ok()) return copy.error();
  Status status = run(source->get(), "BEGIN; SELECT count(*) FROM sqlite_schema", "cannot read " + from);
  if (status.ok()) status = copy_pages(source->get(), copy->get(), progress);
  // One file, without a WAL beside it.
  if (status.ok()) status = run(copy->get(), "PRAGMA journal_mode = DELETE", "cannot finish " + partial);
  if (status.ok()) status = verify(copy->get(), partial);
  // Sound as it is, though nobody has closed it: whoever starts on it need not look again.
  if (status.ok()) (void)run(copy->get(), "UPDATE meta SET value = 0 WHERE key = 'unclean'", partial);
  return status;
}

}  // namespace

Status back_up(const std::string& from, const std::string& to, const BackupProgress& progress) {
  if (::access(to.c_str(), F_OK) == 0) return there_already(to);
  const std::string folder = folder_of(to);
  if (::access(folder.c_str(), F_OK) != 0) {
    return make_error(ErrorCode::kNotFound,
                      "there is no folder " + folder + "; make it, or name a file elsewhere");
  }
  if (::access(folder.c_str(), W_OK) != 0) return system_error("cannot write to the folder " + folder);
  const std::string partial = to + ".partial";
  ::unlink(partial.c_str());
  Status status = make_copy(from, partial, progress);
  if (status.ok()) status = sync_path(partial, O_RDONLY);
  if (status.ok() && ::renameat2(AT_FDCWD, partial.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) != 0) {
    const bool unknown = errno == EINVAL || errno == ENOSYS;  // to this file system
    if (errno == EEXIST) {
      status = there_already(to);
    } else if (!unknown || ::rename(partial.c_str(), to.c_str()) != 0) {
      status = system_error("cannot name the copy " + to);
    }
  }
  if (!status.ok()) {
    ::unlink(partial.c_str());
    ::unlink((partial + "-journal").c_str());
    return status;
  }
  return sync_path(folder_of(to), O_RDONLY | O_DIRECTORY);
}

}  // namespace sluice
