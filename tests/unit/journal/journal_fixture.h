// What the journal's tests share: a ring on a MemoryDisk, and records that can be compared.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "intake/journal.h"
#include "intake/journal_format.h"
#include "memory_disk.h"

namespace sluice {

struct KeptRecord {
  std::uint64_t seq = 0;
  RecordKind kind = RecordKind::kMessage;
  std::uint8_t flags = 0;
  std::uint16_t packet_id = 0;
  std::int64_t wall_ms = 0;
  std::int64_t boot_ms = 0;
  std::string topic;
  std::string payload;
  bool operator==(const KeptRecord&) const = default;
};

inline std::ostream& operator<<(std::ostream& out, const KeptRecord& record) {
  return out << "record " << record.seq << " of " << record.topic.size() << "+" << record.payload.size()
             << " bytes at " << record.boot_ms;
}

class JournalFixture : public ::testing::Test {
 protected:
  static constexpr std::size_t kRing = 8 * 1024;

  void SetUp() override { use_disk(kRing); }
  void TearDown() override { journal_.reset(); }

  void use_disk(std::size_t ring_bytes) {
    journal_.reset();
    disk_ = std::make_unique<MemoryDisk>(journal_format::kRingOffset + ring_bytes);
  }

  void create(Durability durability, std::uint64_t first_seq = 1, const std::string& id = "ring-a") {
    auto made = Journal::create(disk_->file(), durability, clock_, id, first_seq);
    ASSERT_TRUE(made.ok()) << made.error().context;
    journal_ = std::move(*made);
  }
  void reopen(Durability durability) {
    journal_.reset();
    auto opened = Journal::open(disk_->file(), durability, clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().context;
    journal_ = std::move(*opened);
  }

  static KeptRecord random_record(std::mt19937& random, std::size_t bytes_max) {
    KeptRecord record;
    record.kind = static_cast<RecordKind>(1 + random() % 7);
    record.flags = static_cast<std::uint8_t>(random());
    record.packet_id = static_cast<std::uint16_t>(random());
    record.topic.resize(random() % 20);
    record.payload.resize(random() % (bytes_max + 1));
    for (char& c : record.topic) c = static_cast<char>('a' + random() % 26);
    for (char& c : record.payload) c = static_cast<char>(random());
    return record;
  }

  // Appends `record`; on success it holds its seq and times.
  Result<std::uint64_t> append(KeptRecord& record) {
    record.wall_ms = clock_.now().wall_ms;
    record.boot_ms = clock_.now().boot_ms;
    auto seq = journal_->append(
        NewRecord{record.kind, record.flags, record.packet_id, record.topic, record.payload});
    if (seq.ok()) record.seq = *seq;
    return seq;
  }
  std::uint64_t append_text(const std::string& payload) {
    KeptRecord record;
    record.topic = "t";
    record.payload = payload;
    auto seq = append(record);
    EXPECT_TRUE(seq.ok()) << seq.error().context;
    return seq.ok() ? *seq : 0;
  }

  std::vector<KeptRecord> read_some(std::uint64_t after_seq, std::size_t bytes_max) {
    std::vector<JournalRecord> records;
    last_read_ = journal_->read(after_seq, buffer_, bytes_max, records);
    std::vector<KeptRecord> copies;
    for (const JournalRecord& r : records) {
      copies.push_back({r.seq, r.kind, r.flags, r.packet_id, r.wall_ms, r.boot_ms, std::string(r.topic),
                        std::string(r.payload)});
    }
    return copies;
  }
  std::vector<KeptRecord> read_all(std::uint64_t after_seq, std::size_t bytes_max = 4096) {
    std::vector<KeptRecord> all;
    for (;;) {
      std::vector<KeptRecord> some = read_some(after_seq, bytes_max);
      if (some.empty()) return all;
      after_seq = some.back().seq;
      all.insert(all.end(), some.begin(), some.end());
    }
  }

  std::unique_ptr<MemoryDisk> disk_;
  FakeClock clock_{1700000000000};
  std::unique_ptr<Journal> journal_;
  std::vector<char> buffer_;
  Status last_read_;
};

}  // namespace sluice
