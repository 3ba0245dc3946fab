#include "sim/vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/check.h"
#include "sim/disk.h"

namespace sluice::sim {

namespace {

struct SimFile;

// What the connections to one file have in common.
struct Shared {
  std::set<SimFile*> handles;
  std::vector<std::unique_ptr<char[]>> regions;
  std::array<SimFile*, SQLITE_SHM_NLOCK> exclusive{};
  std::array<std::set<SimFile*>, SQLITE_SHM_NLOCK> sharing;
};

struct SimFile {
  sqlite3_file head;
  std::string* path;
  Shared* shared;
  int level;
  bool temporary;
};

std::map<std::string, Shared> shared_files;
std::uint64_t random_state = 1;
int temporary_files = 0;
sqlite3_vfs vfs;

SimFile* of(sqlite3_file* file) {
  return reinterpret_cast<SimFile*>(file);
}

void release_shm(SimFile* file) {
  for (std::size_t i = 0; i < SQLITE_SHM_NLOCK; ++i) {
    if (file->shared->exclusive[i] == file) file->shared->exclusive[i] = nullptr;
    file->shared->sharing[i].erase(file);
  }
}

int file_close(sqlite3_file* f) {
  SimFile* file = of(f);
  release_shm(file);
  file->shared->handles.erase(file);
  if (file->shared->handles.empty()) shared_files.erase(*file->path);
  if (file->temporary) SimDisk::current().remove(*file->path);
  delete file->path;
  return SQLITE_OK;
}

int file_read(sqlite3_file* f, void* to, int size, sqlite3_int64 at) {
  const auto wanted = static_cast<std::size_t>(size);
  const std::size_t there = SimDisk::current().read(*of(f)->path, static_cast<std::uint64_t>(at), to, wanted);
  if (there == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(to) + there, 0, wanted - there);
  return SQLITE_IOERR_SHORT_READ;
}

int code_of(const Status& status, int otherwise) {
  if (status.ok()) return SQLITE_OK;
  return status.error().code == ErrorCode::kNoSpace ? SQLITE_FULL : otherwise;
}

int file_write(sqlite3_file* f, const void* from, int size, sqlite3_int64 at) {
  return code_of(SimDisk::current().write(*of(f)->path, static_cast<std::uint64_t>(at), from,
                                          static_cast<std::size_t>(size)),
                 SQLITE_IOERR_WRITE);
}
int file_truncate(sqlite3_file* f, sqlite3_int64 size) {
  return code_of(SimDisk::current().truncate(*of(f)->path, static_cast<std::uint64_t>(size)),
                 SQLITE_IOERR_TRUNCATE);
}
int file_sync(sqlite3_file* f, int) {
  return code_of(SimDisk::current().sync(*of(f)->path), SQLITE_IOERR_FSYNC);
}
int file_size(sqlite3_file* f, sqlite3_int64* size) {
  *size = static_cast<sqlite3_int64>(SimDisk::current().size(*of(f)->path));
  return SQLITE_OK;
}

int highest_level_beside(const SimFile* file) {
  int level = SQLITE_LOCK_NONE;
  for (const SimFile* other : file->shared->handles)
    if (other != file) level = std::max(level, other->level);
  return level;
}
int file_lock(sqlite3_file* f, int level) {
  const int others = highest_level_beside(of(f));
  const bool busy = level == SQLITE_LOCK_SHARED     ? others >= SQLITE_LOCK_PENDING
                    : level == SQLITE_LOCK_RESERVED ? others >= SQLITE_LOCK_RESERVED
                                                    : others >= SQLITE_LOCK_SHARED;
  if (busy) return SQLITE_BUSY;
  of(f)->level = std::max(of(f)->level, level);
  return SQLITE_OK;
}
int file_unlock(sqlite3_file* f, int level) {
  of(f)->level = std::min(of(f)->level, level);
  return SQLITE_OK;
}
int file_check_lock(sqlite3_file* f, int* held) {
  *held = std::max(of(f)->level, highest_level_beside(of(f))) >= SQLITE_LOCK_RESERVED ? 1 : 0;
  return SQLITE_OK;
}
int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int file_sector(sqlite3_file*) {
  return SimDisk::kSector;
}
int file_traits(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int file_shm_map(sqlite3_file* f, int region, int size, int extend, void volatile** out) {
  auto& regions = of(f)->shared->regions;
  const auto wanted = static_cast<std::size_t>(region);
  while (extend != 0 && regions.size() <= wanted)
    regions.push_back(std::make_unique<char[]>(static_cast<std::size_t>(size)));
  *out = wanted < regions.size() ? regions[wanted].get() : nullptr;
  return SQLITE_OK;
}
int file_shm_lock(sqlite3_file* f, int offset, int n, int flags) {
  SimFile* file = of(f);
  Shared& shared = *file->shared;
  const auto begin = static_cast<std::size_t>(offset);
  const std::size_t end = begin + static_cast<std::size_t>(n);
  for (std::size_t i = begin; i < end; ++i) {
    auto others = shared.sharing[i].size() - shared.sharing[i].count(file);
    bool taken = shared.exclusive[i] != nullptr && shared.exclusive[i] != file;
    if ((flags & SQLITE_SHM_LOCK) != 0 && (taken || ((flags & SQLITE_SHM_EXCLUSIVE) != 0 && others > 0)))
      return SQLITE_BUSY;
  }
  for (std::size_t i = begin; i < end; ++i) {
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
      if (shared.exclusive[i] == file) shared.exclusive[i] = nullptr;
      shared.sharing[i].erase(file);
    } else if ((flags & SQLITE_SHM_EXCLUSIVE) != 0) {
      shared.exclusive[i] = file;
    } else {
      shared.sharing[i].insert(file);
    }
  }
  return SQLITE_OK;
}
void file_shm_barrier(sqlite3_file*) {}
int file_shm_unmap(sqlite3_file* f, int) {
  release_shm(of(f));
  return SQLITE_OK;
}

constexpr sqlite3_io_methods kMethods{
    2,           file_close,   file_read,     file_write,       file_truncate,  file_sync,
    file_size,   file_lock,    file_unlock,   file_check_lock,  file_control,   file_sector,
    file_traits, file_shm_map, file_shm_lock, file_shm_barrier, file_shm_unmap, nullptr,
    nullptr};

int vfs_open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* f, int flags, int* flags_out) {
  SimDisk& disk = SimDisk::current();
  SimFile* file = of(f);
  file->head.pMethods = nullptr;
  const std::string path = name != nullptr ? name : "/run/temporary-" + std::to_string(++temporary_files);
  if (!disk.exists(path)) {
    if ((flags & SQLITE_OPEN_CREATE) == 0 || disk.fault() == SimDisk::Fault::kIo) return SQLITE_CANTOPEN;
    disk.create(path);
  }
  file->path = new std::string(path);
  file->shared = &shared_files[path];
  file->level = SQLITE_LOCK_NONE;
  file->temporary = name == nullptr;
  file->shared->handles.insert(file);
  file->head.pMethods = &kMethods;
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}
int vfs_delete(sqlite3_vfs*, const char* name, int) {
  SimDisk::current().remove(name);
  return SQLITE_OK;
}
int vfs_access(sqlite3_vfs*, const char* name, int flags, int* result) {
  SimDisk& disk = SimDisk::current();
  *result = disk.exists(name) && (flags != SQLITE_ACCESS_EXISTS || disk.size(name) > 0);
  return SQLITE_OK;
}
int vfs_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}
int vfs_randomness(sqlite3_vfs*, int size, char* out) {
  for (int i = 0; i < size; ++i) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    out[i] = static_cast<char>(random_state >> 56);
  }
  return size;
}
int vfs_sleep(sqlite3_vfs*, int microseconds) {
  return microseconds;  // nobody else would do anything meanwhile
}
int vfs_time(sqlite3_vfs*, double* julian_day) {
  *julian_day = 2461000.5;
  return SQLITE_OK;
}
int vfs_last_error(sqlite3_vfs*, int, char*) {
  return 0;
}

}  // namespace

SimVfs::SimVfs() {
  shared_files.clear();
  random_state = 1;
  vfs = sqlite3_vfs{};
  vfs.iVersion = 1;
  vfs.szOsFile = static_cast<int>(sizeof(SimFile));
  vfs.mxPathname = 256;
  vfs.zName = name_.c_str();
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_path;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_time;
  vfs.xGetLastError = vfs_last_error;
  SLUICE_CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK, "SQLite refuses the VFS");
}

SimVfs::~SimVfs() {
  sqlite3_vfs_unregister(&vfs);
}

}  // namespace sluice::sim
