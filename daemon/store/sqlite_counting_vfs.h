// CountingVfs: a layer over a SQLite VFS that counts the bytes written to database and WAL files. Owned by
// the Store, registered under a name of its own while it lives; used by the thread of the connection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace sluice {

class CountingVfs {
 public:
  // Over the VFS of this name; empty: over the default.
  static Result<std::unique_ptr<CountingVfs>> over(const std::string& vfs);
  ~CountingVfs();  // after every connection through it
  CountingVfs(const CountingVfs&) = delete;
  CountingVfs& operator=(const CountingVfs&) = delete;

  const std::string& name() const;
  std::uint64_t written_bytes() const;

 private:
  struct Impl;
  explicit CountingVfs(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
