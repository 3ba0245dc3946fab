// The journal's file on a real file system, and the ring files of a folder: `journal-<id>.ring`. An open file
// is locked, so that two daemons never share a ring. Used by main when it opens the rings; a file then
// belongs to its Journal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "intake/journal.h"
#include "intake/journal_file.h"

namespace sluice {

struct RingFile {
  std::string id;
  std::string path;
};

// The rings of a folder, ordered by name; none if there is no such folder.
Result<std::vector<RingFile>> list_ring_files(const std::string& folder);

// A new file of `size` bytes that are really there: allocated, and for kPower zero-filled and synced, so that
// later writes change data only. It has its name when that is done. kNoSpace: the file system is too full for
// it.
Result<std::unique_ptr<JournalFile>> create_ring_file(const std::string& folder, const std::string& id,
                                                      std::uint64_t size, Durability durability);
// kRefused: another process has it open.
Result<std::unique_ptr<JournalFile>> open_ring_file(const std::string& path);
// Puts a copy of what `journal` has not released into `folder`, whole and synced or not at all, in place of
// an earlier copy: `journal-<id>.copy.ring`. Where the ring itself is in the folder, nothing is done. Takes
// no more room than the records do. kNoSpace: there is not so much.
Status copy_ring_file(Journal& journal, const std::string& folder);
// What a crash has left of a new ring or a copy that has no name yet: `journal.new`.
void remove_unfinished_ring(const std::string& folder);
// A damaged ring, for a person to look at: `<path>.damaged`.
Status put_ring_file_aside(const std::string& path);
// For a drained ring, or one that create() never finished.
Status remove_ring_file(const std::string& path);

}  // namespace sluice
