// A disk of one file in memory for the journal's tests: it remembers what was synced, can refuse operations,
// and can be cut off from power at any operation, after which every unsynced 512-byte sector holds any of the
// contents it was given, its old one, or rubbish. Any thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "intake/journal_file.h"

namespace sluice {

class MemoryDisk {
 public:
  static constexpr std::size_t kSector = 512;
  using Bytes = std::vector<unsigned char>;

  explicit MemoryDisk(std::size_t size) : now_(size), synced_(size) {}

  std::unique_ptr<JournalFile> file() { return std::make_unique<File>(*this); }
  Bytes& bytes() { return now_; }

  // How many more writes and syncs succeed; then each fails (and a write is done halfway or not at all).
  void fail_after(int operations, ErrorCode code = ErrorCode::kIo) {
    operations_left_ = operations;
    code_ = code;
  }
  void work_again() { operations_left_ = -1; }
  std::set<std::uint64_t> unreadable;  // offsets at which no read succeeds
  void make_sync_do_nothing() { honest_ = false; }
  void on_sync(std::function<void()> hook) { on_sync_ = std::move(hook); }  // called without the disk's lock
  int writes() const { return writes_; }
  int syncs() const { return syncs_; }

  // Power off and on again: what is on the disk is now a random one of the states that are possible.
  void lose_power(std::mt19937& random) {
    now_ = synced_;
    for (auto& [sector, contents] : unsynced_) {
      const auto pick = random() % (contents.size() + 2);
      unsigned char* to = now_.data() + sector * kSector;
      if (pick < contents.size()) {
        std::memcpy(to, contents[pick].data(), kSector);
      } else if (pick == contents.size() && random() % 4 == 0) {
        for (std::size_t i = 0; i < kSector; ++i) to[i] = static_cast<unsigned char>(random());
      }
    }
    unsynced_.clear();
    synced_ = now_;
    work_again();
  }

 private:
  class File final : public JournalFile {
   public:
    explicit File(MemoryDisk& disk) : disk_(disk) {}
    std::uint64_t size() const override { return disk_.now_.size(); }
    Status write(std::uint64_t offset, const void* data, std::size_t size) override {
      return disk_.write(offset, data, size);
    }
    Status read(std::uint64_t offset, void* data, std::size_t size) override {
      std::lock_guard lock(disk_.mutex_);
      if (offset + size > disk_.now_.size()) return make_error(ErrorCode::kIo, "read beyond the end");
      if (disk_.unreadable.contains(offset)) return make_error(ErrorCode::kIo, "unreadable");
      std::memcpy(data, disk_.now_.data() + offset, size);
      return {};
    }
    Status sync() override { return disk_.sync(); }

   private:
    MemoryDisk& disk_;
  };

  bool refuses() { return operations_left_ >= 0 && operations_left_-- <= 0 && (operations_left_ = 0, true); }

  Status write(std::uint64_t offset, const void* data, std::size_t size) {
    std::lock_guard lock(mutex_);
    if (offset + size > now_.size()) return make_error(ErrorCode::kIo, "write beyond the end");
    const bool refused = refuses();
    if (refused) size = size / 2 / kSector * kSector;
    if (size > 0) {
      ++writes_;
      std::memcpy(now_.data() + offset, data, size);
      for (std::size_t sector = offset / kSector; sector * kSector < offset + size; ++sector) {
        const auto* from = now_.data() + sector * kSector;
        unsynced_[sector].emplace_back(from, from + kSector);
      }
    }
    return refused ? Status(make_error(code_, "refused")) : Status();
  }

  Status sync() {
    if (on_sync_) on_sync_();
    std::lock_guard lock(mutex_);
    if (refuses()) return make_error(code_, "refused");
    ++syncs_;
    if (!honest_) return {};
    for (const auto& [sector, contents] : unsynced_) {
      std::memcpy(synced_.data() + sector * kSector, contents.back().data(), kSector);
    }
    unsynced_.clear();
    return {};
  }

  std::mutex mutex_;
  Bytes now_;
  Bytes synced_;
  std::map<std::size_t, std::vector<Bytes>> unsynced_;
  std::function<void()> on_sync_;
  int operations_left_ = -1;
  ErrorCode code_ = ErrorCode::kIo;
  bool honest_ = true;
  int writes_ = 0;
  int syncs_ = 0;
};

}  // namespace sluice
