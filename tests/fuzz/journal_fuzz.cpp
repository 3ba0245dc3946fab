// Opens arbitrary bytes as a journal ring, reads it to its end, and goes on with it if it can be gone on
// with. A case is a byte, the two header slots, and the ring from its first byte on. If the byte is odd, the
// checksums of header and records are made right, so that what lies behind them is reached as well.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "intake/journal.h"
#include "intake/journal_format.h"

namespace sluice {
namespace {

using journal_format::checksum_seed;
using journal_format::decode_head;
using journal_format::decode_slot;
using journal_format::Header;
using journal_format::kRecordHeadBytes;
using journal_format::kRingBytesMin;
using journal_format::kRingOffset;
using journal_format::kSlotBytes;
using journal_format::kSlotOffsets;
using journal_format::RecordHead;

class Image final : public JournalFile {
 public:
  explicit Image(std::vector<unsigned char>& bytes) : bytes_(bytes) {}
  std::uint64_t size() const override { return bytes_.size(); }
  Status write(std::uint64_t offset, const void* data, std::size_t size) override {
    SLUICE_CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset, "write within the file");
    if (size > 0) std::memcpy(bytes_.data() + offset, data, size);
    return {};
  }
  Status read(std::uint64_t offset, void* data, std::size_t size) override {
    SLUICE_CHECK(offset <= bytes_.size() && size <= bytes_.size() - offset, "read within the file");
    if (size > 0) std::memcpy(data, bytes_.data() + offset, size);
    return {};
  }
  Status sync() override { return {}; }

 private:
  std::vector<unsigned char>& bytes_;
};

void put_u32(unsigned char* to, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<unsigned char>(value >> (8 * i));
}

std::uint32_t crc(std::uint32_t seed, const unsigned char* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32(seed, bytes, static_cast<uInt>(size)));
}

void make_checksums_right(std::vector<unsigned char>& bytes) {
  for (const std::uint64_t offset : kSlotOffsets) {
    unsigned char* slot = bytes.data() + offset;
    std::memcpy(slot, "SLUICEJR\1\0\0\0", 12);
    put_u32(slot + kSlotBytes - 4, crc(0, slot, kSlotBytes - 4));
  }
  const Result<Header> header = decode_slot(bytes.data());
  const std::uint32_t seed = header.ok() ? checksum_seed(header->id) : 0;
  for (std::size_t at = kRingOffset; at + kRecordHeadBytes <= bytes.size(); at += 8) {
    const RecordHead head = decode_head(bytes.data() + at);
    if (head.length < kRecordHeadBytes || head.length > bytes.size() - at) continue;
    put_u32(bytes.data() + at, crc(seed, bytes.data() + at + 4, head.length - 4));
    at += (head.length - 1) / 8 * 8;
  }
}

std::uint64_t read_to_the_end(Journal& journal) {
  std::vector<char> buffer;
  std::vector<JournalRecord> records;
  std::uint64_t bytes = 0;
  const JournalRecovery& found = journal.recovery();
  std::uint64_t after = found.first_seq == 0 ? 0 : found.first_seq - 1;
  for (;;) {
    const Status status = journal.read(after, buffer, 1000, records);
    if (records.empty()) {
      SLUICE_CHECK(status.ok() && after == found.last_seq, "what recovery found can be read");
      return bytes;
    }
    for (const JournalRecord& record : records) {
      SLUICE_CHECK(record.seq == after + 1, "records follow one another");
      bytes += record.topic.size() + record.payload.size();
      after = record.seq;
    }
  }
}

void go_on(std::vector<unsigned char>& bytes, std::unique_ptr<Journal> journal, FakeClock& clock) {
  const Durability durability = journal->durability();
  const std::uint64_t last = journal->last_seq();
  if (!journal->resume_after(last)) return;
  const auto seq = journal->append(NewRecord{RecordKind::kMessage, 0, 0, "t", "p"});
  SLUICE_CHECK(seq.ok() && *seq == last + 1, "an emptied ring takes a record");
  journal = nullptr;
  auto again = Journal::open(std::make_unique<Image>(bytes), durability, clock);
  SLUICE_CHECK(again.ok() && (*again)->last_seq() == last + 1, "nothing comes back behind a new record");
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  if (size == 0) return 0;
  const std::uint8_t mode = *data++;
  --size;
  const std::size_t ring = size > 2 * kSlotBytes ? size - 2 * kSlotBytes : 0;
  std::vector<unsigned char> bytes(kRingOffset + std::max<std::uint64_t>(ring, kRingBytesMin));
  for (const std::uint64_t offset : {kSlotOffsets[0], kSlotOffsets[1], kRingOffset}) {
    const std::size_t piece = offset == kRingOffset ? size : std::min(size, kSlotBytes);
    std::copy_n(data, piece, bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    data += piece;
    size -= piece;
  }
  if (mode % 2 == 1) make_checksums_right(bytes);
  FakeClock clock(1700000000000);
  for (const Durability durability : {Durability::kCrash, Durability::kPower}) {
    auto journal = Journal::open(std::make_unique<Image>(bytes), durability, clock);
    if (!journal.ok()) continue;
    read_to_the_end(**journal);
    if ((*journal)->can_append()) go_on(bytes, std::move(*journal), clock);
  }
  return 0;
}
