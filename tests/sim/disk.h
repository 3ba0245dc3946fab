// SimDisk: every file of the simulated machine, in memory. Below /run lies a tmpfs (it survives a process and
// dies with the power), below /state a disk that loses or tears what was not synced. What a failed sync did
// not write of a ring counts as written from then on, as under Linux: only the page cache has it until it is
// written again. Every change, and every effect on the world outside, passes effect(): the process can be
// made to die between any two of them, and what it does after that moment never happened.
//
// One at a time: the SQLite VFS (vfs.cpp) and the ring files (ring_files.cpp) find it through current(),
// because their seams have no room for an argument. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice::sim {

class SimDisk {
 public:
  static constexpr std::size_t kSector = 512;

  explicit SimDisk(std::uint64_t seed);
  ~SimDisk();
  SimDisk(const SimDisk&) = delete;
  SimDisk& operator=(const SimDisk&) = delete;
  static SimDisk& current();

  // ---- files
  Status write(const std::string& path, std::uint64_t offset, const void* data, std::size_t size);
  std::size_t read(const std::string& path, std::uint64_t offset, void* data, std::size_t size);  // how many
  Status truncate(const std::string& path, std::uint64_t size);
  Status sync(const std::string& path);
  void remove(const std::string& path);
  void create(const std::string& path);
  void rename(const std::string& from, const std::string& to);
  bool exists(const std::string& path) const { return files_.contains(path); }
  std::uint64_t size(const std::string& path) const;
  std::vector<std::string> list(const std::string& folder) const;

  // ---- faults of /state
  enum class Fault {
    kNone,
    kIo,       // every change fails
    kNoSpace,  // what makes a file longer fails
    kSync      // every second sync fails, by chance; writes get as far as the page cache
  };
  void set_fault(Fault fault) { fault_ = fault; }
  Fault fault() const { return fault_; }

  // ---- death
  void die_after(int effects) { effects_left_ = effects; }  // -1: not
  void die();
  bool effect();  // false: the process is dead, nothing it does counts
  bool dead() const { return dead_; }
  void revive(bool power_cut);  // the process is gone; files are what they were when it died

  // ---- for who spoils a file, between two processes
  const std::vector<unsigned char>& bytes(const std::string& path) { return files_[path].data; }
  void copy(const std::string& from, const std::string& to) { files_[to] = files_[from]; }
  bool flip(const std::string& path, std::uint64_t offset, int bit);  // false: not on the platter yet

  std::uint64_t written_bytes() const { return written_bytes_; }  // to /state

 private:
  using Sector = std::array<unsigned char, kSector>;
  struct File {
    std::vector<unsigned char> data;
    std::uint64_t synced_size = 0;
    // What each sector held when it was synced last, and some of what it was given since.
    std::map<std::size_t, std::vector<Sector>> unsynced;
    // What the platter has of sectors that a failed sync has not written.
    std::map<std::size_t, Sector> failed;
  };
  static bool lasting(const std::string& path) { return path.starts_with("/state/"); }
  static Sector sector_of(const File& file, std::size_t sector);
  void fail_sync(File& file);
  void lose_unsynced(const std::string& path, File& file);

  std::mt19937_64 random_;
  std::map<std::string, File> files_;
  std::map<std::string, File> at_death_;
  Fault fault_ = Fault::kNone;
  int effects_left_ = -1;
  bool dead_ = false;
  std::uint64_t written_bytes_ = 0;
};

}  // namespace sluice::sim
