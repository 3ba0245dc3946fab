// FaultyDisk: a SQLite VFS that can fail writes from some point on, and that tells of each write before it
// happens. One at a time.
#pragma once

#include <functional>
#include <string>

namespace sluice {

class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();  // after every connection through it
  const std::string& name() const { return name_; }

  int writes_left = -1;                // then every write fails; -1: never
  bool full = true;                    // fails as a full disk; otherwise as a broken one
  std::function<void()> before_write;  // may be empty

 private:
  std::string name_ = "faulty-disk";
};

}  // namespace sluice
