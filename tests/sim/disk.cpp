#include "sim/disk.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace sluice::sim {

namespace {
SimDisk* disk = nullptr;
constexpr std::size_t kVersionsMax = 4;
}  // namespace

SimDisk::SimDisk(std::uint64_t seed) : random_(seed) {
  SLUICE_CHECK(disk == nullptr, "one disk at a time");
  disk = this;
}

SimDisk::~SimDisk() {
  disk = nullptr;
}

SimDisk& SimDisk::current() {
  SLUICE_CHECK(disk != nullptr, "there is no disk");
  return *disk;
}

SimDisk::Sector SimDisk::sector_of(const File& file, std::size_t sector) {
  Sector bytes{};
  const std::size_t begin = sector * kSector;
  if (begin < file.data.size())
    std::memcpy(bytes.data(), file.data.data() + begin, std::min(kSector, file.data.size() - begin));
  return bytes;
}

Status SimDisk::write(const std::string& path, std::uint64_t offset, const void* data, std::size_t size) {
  // The dead may look at what they wrote.
  if (effect() && lasting(path)) {
    if (fault_ == Fault::kIo) return make_error(ErrorCode::kIo, "the disk says no");
    if (fault_ == Fault::kNoSpace && offset + size > this->size(path))
      return make_error(ErrorCode::kNoSpace, "the disk is full");
  }
  File& file = files_[path];
  if (lasting(path) && !dead_) {
    written_bytes_ += size;
    for (std::size_t s = offset / kSector; s * kSector < offset + size; ++s) {
      std::vector<Sector>& versions = file.unsynced[s];
      if (auto failed = file.failed.find(s); failed != file.failed.end()) {
        versions.push_back(failed->second);
        file.failed.erase(failed);
      }
      if (versions.size() == kVersionsMax) versions.pop_back();
      versions.push_back(sector_of(file, s));
    }
  }
  if (file.data.size() < offset + size) file.data.resize(offset + size);
  std::memcpy(file.data.data() + offset, data, size);
  return {};
}

std::size_t SimDisk::read(const std::string& path, std::uint64_t offset, void* data, std::size_t size) {
  auto found = files_.find(path);
  if (found == files_.end() || offset >= found->second.data.size()) return 0;
  const std::size_t there = std::min<std::size_t>(size, found->second.data.size() - offset);
  std::memcpy(data, found->second.data.data() + offset, there);
  return there;
}

// Metadata is taken to be journalled: a shorter file is shorter at once.
Status SimDisk::truncate(const std::string& path, std::uint64_t size) {
  if (effect() && lasting(path) && fault_ == Fault::kIo)
    return make_error(ErrorCode::kIo, "the disk says no");
  File& file = files_[path];
  file.data.resize(size);
  file.synced_size = std::min(file.synced_size, size);
  const std::size_t sectors = (size + kSector - 1) / kSector;
  file.unsynced.erase(file.unsynced.lower_bound(sectors), file.unsynced.end());
  file.failed.erase(file.failed.lower_bound(sectors), file.failed.end());
  return {};
}

Status SimDisk::sync(const std::string& path) {
  const bool lives = effect();
  File& file = files_[path];
  if (lives && lasting(path) && (fault_ == Fault::kIo || (fault_ == Fault::kSync && random_() % 2 == 0))) {
    fail_sync(file);
    return make_error(ErrorCode::kIo, "the disk says no");
  }
  file.unsynced.clear();
  file.synced_size = file.data.size();
  return {};
}

// Some sectors have been written all the same. None is tried again by itself.
void SimDisk::fail_sync(File& file) {
  for (auto& [sector, versions] : file.unsynced) {
    if (random_() % 3 != 0) file.failed[sector] = versions[random_() % versions.size()];
  }
  file.unsynced.clear();
}

void SimDisk::remove(const std::string& path) {
  effect();
  files_.erase(path);
}

void SimDisk::create(const std::string& path) {
  effect();
  files_[path];
}

void SimDisk::rename(const std::string& from, const std::string& to) {
  effect();
  auto moved = files_.extract(from);
  if (moved.empty()) return;
  files_.erase(to);
  moved.key() = to;
  files_.insert(std::move(moved));
}

bool SimDisk::flip(const std::string& path, std::uint64_t offset, int bit) {
  File& file = files_[path];
  const std::size_t sector = offset / kSector;
  if (offset >= file.data.size() || file.unsynced.contains(sector) || file.failed.contains(sector))
    return false;
  file.data[offset] = static_cast<unsigned char>(file.data[offset] ^ 1u << bit);
  return true;
}

std::uint64_t SimDisk::size(const std::string& path) const {
  auto found = files_.find(path);
  return found == files_.end() ? 0 : found->second.data.size();
}

std::vector<std::string> SimDisk::list(const std::string& folder) const {
  std::vector<std::string> paths;
  for (const auto& [path, file] : files_)
    if (path.starts_with(folder + "/")) paths.push_back(path);
  return paths;
}

bool SimDisk::effect() {
  if (!dead_ && effects_left_ >= 0 && effects_left_-- == 0) die();
  return !dead_;
}

void SimDisk::die() {
  if (dead_) return;
  dead_ = true;
  effects_left_ = -1;
  at_death_ = files_;
}

void SimDisk::revive(bool power_cut) {
  if (dead_) files_ = std::move(at_death_);
  at_death_.clear();
  dead_ = false;
  effects_left_ = -1;
  if (!power_cut) return;
  std::erase_if(files_, [](const auto& file) { return !lasting(file.first); });
  for (auto& [path, file] : files_) lose_unsynced(path, file);
}

// Each sector holds what it held at the last sync or anything it was given since. In a ring a torn sector may
// hold rubbish as well; SQLite relies on a write not harming the bytes beside it
// (SQLITE_IOCAP_POWERSAFE_OVERWRITE).
void SimDisk::lose_unsynced(const std::string& path, File& file) {
  const bool may_be_rubbish = path.ends_with(".ring");
  std::uint64_t size = file.synced_size;
  for (const auto& [sector, platter] : file.failed) {
    const std::size_t begin = sector * kSector;
    if (begin < file.data.size())
      std::memcpy(file.data.data() + begin, platter.data(), std::min(kSector, file.data.size() - begin));
  }
  file.failed.clear();
  const bool nothing = random_() % 8 == 0;
  for (auto& [sector, versions] : file.unsynced) {
    const std::size_t pick = nothing ? 0 : random_() % (versions.size() + 1);
    const std::size_t begin = sector * kSector;
    const std::size_t end = std::min(begin + kSector, file.data.size());
    if (begin >= end) continue;
    if (may_be_rubbish && random_() % 4 == 0) {
      for (std::size_t i = begin; i < end; ++i) file.data[i] = static_cast<unsigned char>(random_());
    } else if (pick < versions.size()) {
      std::memcpy(file.data.data() + begin, versions[pick].data(), end - begin);
      if (pick == 0) continue;  // never there, so the file need not reach so far
    }
    size = std::max<std::uint64_t>(size, end);
  }
  file.unsynced.clear();
  file.data.resize(size);
  file.synced_size = size;
}

}  // namespace sluice::sim
