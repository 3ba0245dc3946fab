// The bytes of a journal ring, as journal_format.md draws them: records and header slots to and from bytes.
// Pure functions without state; everything is little-endian on every machine. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "intake/journal.h"
#include "model/journal_record.h"

namespace sluice::journal_format {

inline constexpr std::size_t kSectorBytes = 512;
inline constexpr std::size_t kSlotBytes = kSectorBytes;
inline constexpr std::uint64_t kSlotOffsets[2] = {0, 4096};  // a block each, also where blocks are 4 KiB
inline constexpr std::uint64_t kRingOffset = 8192;
inline constexpr std::uint64_t kRingBytesMin = 4096;
// Bytes for records in a file of this size, whole sectors.
constexpr std::uint64_t ring_capacity(std::uint64_t file_bytes) {
  return (file_bytes - kRingOffset) / kSectorBytes * kSectorBytes;
}
inline constexpr std::size_t kRecordHeadBytes = 40;
inline constexpr std::size_t kIdBytesMax = 63;

// A record boundary. Positions only grow; the byte at position p lies at kRingOffset + p mod capacity.
struct Place {
  std::uint64_t seq = 0;
  std::uint64_t position = 0;
};

struct RecordHead {
  std::uint32_t checksum = 0;
  std::uint32_t length = 0;  // of the whole record: head, topic, payload
  std::uint64_t seq = 0;
  std::int64_t wall_ms = 0;
  std::int64_t boot_ms = 0;
  std::uint32_t topic_length = 0;
  std::uint16_t packet_id = 0;
  std::uint8_t kind = 0;
  std::uint8_t flags = 0;
};

// Records begin at multiples of this: under kPower no sector that was synced is written to again.
std::uint64_t record_step(Durability durability);

// Two rings never have the same seed (but for one chance in 2^32), so a record of one is none in the other.
std::uint32_t checksum_seed(const std::string& journal_id);

// Writes head, topic and payload to `bytes`, which has room for them.
void encode_record(const NewRecord& record, std::uint64_t seq, Instant at, std::uint32_t seed,
                   unsigned char* bytes);
RecordHead decode_head(const unsigned char* bytes);
// Whether this head may be that of record `seq` in at most `room` bytes; its checksum is not looked at.
bool head_fits(const RecordHead& head, std::uint64_t seq, std::uint64_t room);
bool checksum_holds(const RecordHead& head, const unsigned char* bytes, std::uint32_t seed);
JournalRecord record_in(const RecordHead& head, const char* bytes);  // points into `bytes`

struct Header {
  Durability durability = Durability::kCrash;
  bool failed = false;  // a write or sync failed: nothing more is appended
  std::uint64_t generation = 0;
  std::uint64_t capacity = 0;
  std::uint64_t first_seq = 0;
  Place kept;  // nothing from here on has been overwritten
  std::uint64_t in_progress_seq = 0;
  std::uint32_t in_progress_attempts = 0;
  JournalDrops dropped;
  std::string id;
  std::string boot_id;
};

void encode_slot(const Header& header, unsigned char* slot);
// kNotFound: nothing was ever written here. kRefused: another version's. kCorrupt: damaged.
Result<Header> decode_slot(const unsigned char* slot);

}  // namespace sluice::journal_format
