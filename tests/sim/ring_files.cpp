// The journal's ring files on the simulated disk: takes the place of intake/posix_journal_file.cpp when the
// world is linked.
#include "intake/journal_format.h"
#include "intake/posix_journal_file.h"
#include "sim/disk.h"

namespace sluice {

namespace {

using sim::SimDisk;

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".ring";
constexpr std::string_view kCopySuffix = ".copy.ring";
constexpr const char* kUnfinished = "/journal.new";

class SimRingFile final : public JournalFile {
 public:
  explicit SimRingFile(std::string path) : path_(std::move(path)), size_(SimDisk::current().size(path_)) {}
  std::uint64_t size() const override { return size_; }
  Status write(std::uint64_t offset, const void* data, std::size_t size) override {
    return SimDisk::current().write(path_, offset, data, size);
  }
  Status read(std::uint64_t offset, void* data, std::size_t size) override {
    if (SimDisk::current().read(path_, offset, data, size) == size) return {};
    return make_error(ErrorCode::kIo, path_ + " has become shorter");
  }
  Status sync() override { return SimDisk::current().sync(path_); }

 private:
  const std::string path_;
  const std::uint64_t size_;
};

}  // namespace

Result<std::vector<RingFile>> list_ring_files(const std::string& folder) {
  std::vector<RingFile> rings;
  for (const std::string& path : SimDisk::current().list(folder)) {
    const std::string name = path.substr(folder.size() + 1);
    if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
    rings.push_back({name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()), path});
  }
  return rings;
}

Result<std::unique_ptr<JournalFile>> create_ring_file(const std::string& folder, const std::string& id,
                                                      std::uint64_t size, Durability durability) {
  const std::string path = folder + "/" + std::string(kPrefix) + id + std::string(kSuffix);
  SimDisk& disk = SimDisk::current();
  const std::string unfinished = folder + kUnfinished;
  const std::vector<char> zeros(size);
  Status made = disk.write(unfinished, 0, zeros.data(), zeros.size());
  if (made && durability == Durability::kPower) made = disk.sync(unfinished);
  if (!made) {
    disk.remove(unfinished);
    return made.error();
  }
  disk.rename(unfinished, path);
  return std::unique_ptr<JournalFile>(std::make_unique<SimRingFile>(path));
}

Result<std::unique_ptr<JournalFile>> open_ring_file(const std::string& path) {
  return std::unique_ptr<JournalFile>(std::make_unique<SimRingFile>(path));
}

Status put_ring_file_aside(const std::string& path) {
  SimDisk::current().rename(path, path + ".damaged");
  return {};
}

Status remove_ring_file(const std::string& path) {
  SimDisk::current().remove(path);
  return {};
}

void remove_unfinished_ring(const std::string& folder) {
  SimDisk::current().remove(folder + kUnfinished);
}

Status copy_ring_file(Journal& journal, const std::string& folder) {
  const std::string ring = folder + "/" + std::string(kPrefix) + journal.id();
  const std::string path = ring + std::string(kCopySuffix);
  const std::string unfinished = folder + kUnfinished;
  SimDisk& disk = SimDisk::current();
  if (disk.exists(ring + std::string(kSuffix))) return {};
  remove_unfinished_ring(folder);
  Status made = disk.truncate(unfinished, journal_format::kRingOffset + journal.capacity_bytes());
  SimRingFile file(unfinished);
  if (made) made = journal.copy_to(file);
  if (made) made = file.sync();
  if (made) {
    disk.rename(unfinished, path);
  } else {
    remove_unfinished_ring(folder);
  }
  return made;
}

}  // namespace sluice
