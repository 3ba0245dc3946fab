// The disk seam of the journal: one file, written and read at offsets. The real one is posix_journal_file.h;
// the simulated world's one loses, tears and refuses writes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace sluice {

class JournalFile {
 public:
  virtual ~JournalFile() = default;
  virtual std::uint64_t size() const = 0;
  virtual Status write(std::uint64_t offset, const void* data,
                       std::size_t size) = 0;                                   // all of it, or an error
  virtual Status read(std::uint64_t offset, void* data, std::size_t size) = 0;  // all of it, or an error
  virtual Status sync() = 0;                                                    // fdatasync(2)
};

}  // namespace sluice
