// A journal in memory, for tests that need one and are not about its disk.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "intake/journal.h"

namespace sluice::test {

class RamJournalFile final : public JournalFile {
 public:
  explicit RamJournalFile(std::size_t size) : bytes_(size) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status write(std::uint64_t offset, const void* data, std::size_t size) override {
    if (offset + size > bytes_.size()) return make_error(ErrorCode::kIo, "beyond the end");
    std::memcpy(bytes_.data() + offset, data, size);
    return {};
  }
  Status read(std::uint64_t offset, void* data, std::size_t size) override {
    if (offset + size > bytes_.size()) return make_error(ErrorCode::kIo, "beyond the end");
    std::memcpy(data, bytes_.data() + offset, size);
    return {};
  }
  Status sync() override { return {}; }

 private:
  std::vector<char> bytes_;
};

inline std::unique_ptr<Journal> ram_journal(Clock& clock, std::size_t size = 1 << 20) {
  return std::move(Journal::create(std::make_unique<RamJournalFile>(size), Durability::kCrash, clock,
                                   "00112233445566778899aabbccddeeff", 1)
                       .value());
}

// A record that owns its bytes.
struct KeptRecord {
  std::uint64_t seq = 0;
  RecordKind kind = RecordKind::kMessage;
  std::uint8_t flags = 0;
  std::uint16_t packet_id = 0;
  std::string topic;
  std::string payload;
};

inline std::vector<KeptRecord> read_all(Journal& journal, std::uint64_t after_seq = 0) {
  std::vector<KeptRecord> all;
  std::vector<char> buffer;
  std::vector<JournalRecord> records;
  do {
    SLUICE_CHECK(journal.read(after_seq, buffer, 1 << 20, records).ok(), "the journal cannot be read");
    for (const JournalRecord& r : records) {
      all.push_back({r.seq, r.kind, r.flags, r.packet_id, std::string(r.topic), std::string(r.payload)});
      after_seq = r.seq;
    }
  } while (!records.empty());
  return all;
}

}  // namespace sluice::test
