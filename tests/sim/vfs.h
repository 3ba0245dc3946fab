// SimVfs: SQLite's files on the simulated disk, with locks and the WAL index's shared memory between the
// connections of the one process. Registered while it lives. One thread.
#pragma once

#include <string>

namespace sluice::sim {

class SimVfs {
 public:
  SimVfs();
  ~SimVfs();  // after every connection through it
  SimVfs(const SimVfs&) = delete;
  SimVfs& operator=(const SimVfs&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_ = "sluice-sim";
};

}  // namespace sluice::sim
