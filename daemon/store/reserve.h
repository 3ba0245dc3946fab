// Reserve: space put aside in the state directory, really written, for the day on which the disk is full:
// with it released SQLite can run retention, which itself needs room. The last part of it is for a start on a
// full disk. One thread at a time.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace sluice {

class Reserve {
 public:
  static constexpr std::uint64_t kStartBytes = 1 << 20;

  Reserve(std::string path, std::uint64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  // Gives space back to the file system; true if there was any to give. Keeps the last part for a start.
  bool release();
  bool release_all();
  bool whole() const;
  // Makes it whole again, if as much again stays free. kNoSpace: not now.
  Status rebuild();

 private:
  std::uint64_t held_bytes() const;
  bool shrink_to(std::uint64_t bytes);
  std::string path_;
  std::uint64_t bytes_;
};

}  // namespace sluice
