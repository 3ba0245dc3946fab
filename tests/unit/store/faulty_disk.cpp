#include "unit/store/faulty_disk.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

namespace sluice {

namespace {

FaultyDisk* disk = nullptr;

// Files keep the lower VFS's layout; only their table of methods is exchanged for one that starts with ours.
struct Methods {
  sqlite3_io_methods table;
  const sqlite3_io_methods* below;
};
std::map<const sqlite3_io_methods*, Methods> tables;
sqlite3_vfs vfs;

int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  const sqlite3_io_methods* below = reinterpret_cast<const Methods*>(file->pMethods)->below;
  if (disk->before_write) disk->before_write();
  if (disk->writes_left == 0) return disk->full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  if (disk->writes_left > 0) --disk->writes_left;
  return below->xWrite(file, from, size, at);
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) {
  sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
  int rc = below->xOpen(below, name, file, flags, flags_out);
  if (file->pMethods == nullptr) return rc;
  auto [at, added] = tables.try_emplace(file->pMethods, Methods{*file->pMethods, file->pMethods});
  at->second.table.xWrite = write;
  file->pMethods = &at->second.table;
  return rc;
}

}  // namespace

FaultyDisk::FaultyDisk() {
  EXPECT_EQ(nullptr, disk);
  disk = this;
  vfs = *sqlite3_vfs_find(nullptr);
  vfs.pNext = nullptr;
  vfs.zName = name_.c_str();
  vfs.xOpen = open;
  EXPECT_EQ(SQLITE_OK, sqlite3_vfs_register(&vfs, 0));
}

FaultyDisk::~FaultyDisk() {
  sqlite3_vfs_unregister(&vfs);
  disk = nullptr;
}

}  // namespace sluice
