#include "store/sqlite_counting_vfs.h"

#include <sqlite3.h>

#include <cstdio>

namespace sluice {

namespace {

// What the functions of the VFS need; they find it in its pAppData.
struct Layer {
  sqlite3_vfs* below = nullptr;
  std::uint64_t written_bytes = 0;
};

// A file of ours is this head with the lower VFS's file behind it.
struct alignas(8) CountedFile {
  sqlite3_file head;
  std::uint64_t* written_bytes;  // null: not counted
};

sqlite3_file* below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(CountedFile));
}

int file_close(sqlite3_file* f) {
  return below(f)->pMethods->xClose(below(f));
}
int file_read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  return below(f)->pMethods->xRead(below(f), to, size, at);
}
int file_write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  int rc = below(f)->pMethods->xWrite(below(f), from, size, at);
  std::uint64_t* written = reinterpret_cast<CountedFile*>(f)->written_bytes;
  if (rc == SQLITE_OK && written != nullptr) *written += static_cast<std::uint64_t>(size);
  return rc;
}
int file_truncate(sqlite3_file* f, sqlite3_int64 size) {
  return below(f)->pMethods->xTruncate(below(f), size);
}
int file_sync(sqlite3_file* f, int flags) {
  return below(f)->pMethods->xSync(below(f), flags);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  return below(f)->pMethods->xFileSize(below(f), size);
}
int file_lock(sqlite3_file* f, int level) {
  return below(f)->pMethods->xLock(below(f), level);
}
int file_unlock(sqlite3_file* f, int level) {
  return below(f)->pMethods->xUnlock(below(f), level);
}
int file_check_lock(sqlite3_file* f, int* held) {
  return below(f)->pMethods->xCheckReservedLock(below(f), held);
}
int file_control(sqlite3_file* f, int what, void* argument) {
  return below(f)->pMethods->xFileControl(below(f), what, argument);
}
int file_sector(sqlite3_file* f) {
  return below(f)->pMethods->xSectorSize(below(f));
}
int file_traits(sqlite3_file* f) {
  return below(f)->pMethods->xDeviceCharacteristics(below(f));
}
int file_shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return below(f)->pMethods->xShmMap(below(f), page, size, extend, out);
}
int file_shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  return below(f)->pMethods->xShmLock(below(f), offset, n, flags);
}
void file_shm_barrier(sqlite3_file* f) {
  below(f)->pMethods->xShmBarrier(below(f));
}
int file_shm_unmap(sqlite3_file* f, int remove) {
  return below(f)->pMethods->xShmUnmap(below(f), remove);
}

// Version 2: with shared memory for the WAL index, without memory mapping, which would hide writes.
constexpr sqlite3_io_methods methods(int version) {
  return sqlite3_io_methods{version,          file_close,     file_read,   file_write,   file_truncate,
                            file_sync,        file_size,      file_lock,   file_unlock,  file_check_lock,
                            file_control,     file_sector,    file_traits, file_shm_map, file_shm_lock,
                            file_shm_barrier, file_shm_unmap, nullptr,     nullptr};
}
constexpr sqlite3_io_methods kPlainMethods = methods(1);
constexpr sqlite3_io_methods kWalMethods = methods(2);

Layer* layer(sqlite3_vfs* vfs) {
  return static_cast<Layer*>(vfs->pAppData);
}
sqlite3_vfs* lower(sqlite3_vfs* vfs) {
  return layer(vfs)->below;
}

int vfs_open(sqlite3_vfs* v, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  constexpr int kCounted = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL;
  auto* counted = reinterpret_cast<CountedFile*>(file);
  counted->written_bytes = (flags & kCounted) != 0 ? &layer(v)->written_bytes : nullptr;
  counted->head.pMethods = nullptr;
  int rc = lower(v)->xOpen(lower(v), name, below(file), flags, flags_out);
  const sqlite3_io_methods* methods_below = below(file)->pMethods;
  if (methods_below != nullptr)
    counted->head.pMethods = methods_below->iVersion < 2 ? &kPlainMethods : &kWalMethods;
  return rc;
}
int vfs_delete(sqlite3_vfs* v, const char* name, int sync_folder) {
  return lower(v)->xDelete(lower(v), name, sync_folder);
}
int vfs_access(sqlite3_vfs* v, const char* name, int flags, int* result) {
  return lower(v)->xAccess(lower(v), name, flags, result);
}
int vfs_full_path(sqlite3_vfs* v, const char* name, int size, char* out) {
  return lower(v)->xFullPathname(lower(v), name, size, out);
}
int vfs_randomness(sqlite3_vfs* v, int size, char* out) {
  return lower(v)->xRandomness(lower(v), size, out);
}
int vfs_sleep(sqlite3_vfs* v, int microseconds) {
  return lower(v)->xSleep(lower(v), microseconds);
}
int vfs_time(sqlite3_vfs* v, double* julian_day) {
  return lower(v)->xCurrentTime(lower(v), julian_day);
}
int vfs_last_error(sqlite3_vfs* v, int size, char* out) {
  return lower(v)->xGetLastError != nullptr ? lower(v)->xGetLastError(lower(v), size, out) : 0;
}

}  // namespace

struct CountingVfs::Impl {
  sqlite3_vfs vfs{};
  Layer layer;
  std::string name;
};

Result<std::unique_ptr<CountingVfs>> CountingVfs::over(const std::string& vfs) {
  sqlite3_vfs* found = sqlite3_vfs_find(vfs.empty() ? nullptr : vfs.c_str());
  if (found == nullptr)
    return make_error(ErrorCode::kNotFound, "SQLite has no VFS named \"" + vfs + "\"; register it first");
  auto impl = std::make_unique<Impl>();
  char name[48];
  std::snprintf(name, sizeof name, "sluice-counting-%p", static_cast<void*>(impl.get()));
  impl->name = name;
  impl->layer.below = found;
  sqlite3_vfs& v = impl->vfs;
  v.iVersion = 1;
  v.szOsFile = static_cast<int>(sizeof(CountedFile)) + found->szOsFile;
  v.mxPathname = found->mxPathname;
  v.zName = impl->name.c_str();
  v.pAppData = &impl->layer;
  v.xOpen = vfs_open;
  v.xDelete = vfs_delete;
  v.xAccess = vfs_access;
  v.xFullPathname = vfs_full_path;
  v.xRandomness = vfs_randomness;
  v.xSleep = vfs_sleep;
  v.xCurrentTime = vfs_time;
  v.xGetLastError = vfs_last_error;
  if (int rc = sqlite3_vfs_register(&v, 0); rc != SQLITE_OK)
    return make_error(ErrorCode::kInvalid, std::string("SQLite refuses a VFS: ") + sqlite3_errstr(rc));
  return std::unique_ptr<CountingVfs>(new CountingVfs(std::move(impl)));
}

CountingVfs::CountingVfs(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CountingVfs::~CountingVfs() {
  sqlite3_vfs_unregister(&impl_->vfs);
}
const std::string& CountingVfs::name() const {
  return impl_->name;
}
std::uint64_t CountingVfs::written_bytes() const {
  return impl_->layer.written_bytes;
}

}  // namespace sluice
