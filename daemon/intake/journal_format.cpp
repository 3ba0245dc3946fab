#include "intake/journal_format.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace sluice::journal_format {
namespace {

constexpr char kMagic[8] = {'S', 'L', 'U', 'I', 'C', 'E', 'J', 'R'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kSlotChecksumAt = kSlotBytes - 4;
constexpr std::size_t kNameBytes = kIdBytesMax + 1;
constexpr std::size_t kDropsAt = 80 + 2 * kNameBytes;
constexpr std::size_t kClockAt = kDropsAt + 16;  // after what was given up
static_assert(kClockAt + kNameBytes + 48 <= kSlotChecksumAt);
constexpr std::uint64_t kPositionMax = std::uint64_t{1} << 62;

template <class T>
void put(unsigned char* to, T value) {
  auto bits = static_cast<std::make_unsigned_t<T>>(value);
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<unsigned char>(bits >> (8 * i));
}

template <class T>
T get(const unsigned char* from) {
  std::make_unsigned_t<T> bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bits =
        static_cast<std::make_unsigned_t<T>>(bits | static_cast<std::make_unsigned_t<T>>(from[i]) << (8 * i));
  }
  return static_cast<T>(bits);
}

std::uint32_t crc(std::uint32_t seed, const void* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32_z(seed, static_cast<const unsigned char*>(bytes), size));
}

void put_name(unsigned char* to, const std::string& name) {
  SLUICE_CHECK(name.size() <= kIdBytesMax, "a journal's id and boot id have at most 63 bytes");
  to[0] = static_cast<unsigned char>(name.size());
  std::copy(name.begin(), name.end(), to + 1);
}

std::string get_name(const unsigned char* from) {
  return {reinterpret_cast<const char*>(from) + 1, std::min<std::size_t>(from[0], kIdBytesMax)};
}

bool sound(const Header& header) {
  const std::uint64_t step = record_step(header.durability);
  return header.kept.position % step == 0 && header.capacity >= kRingBytesMin &&
         header.capacity % kSectorBytes == 0 && header.capacity < kPositionMax &&
         header.kept.position < kPositionMax && header.kept.seq > 0 && header.kept.seq < kPositionMax &&
         header.first_seq > 0 && header.first_seq <= header.kept.seq && !header.id.empty();
}

void put_clock(unsigned char* at, const StreamClockState& clock) {
  put_name(at, clock.boot_id);
  at += kNameBytes;
  put(at, clock.stream_minus_boot_ms);
  put(at + 8, clock.wall_minus_stream_ms);
  put(at + 16, clock.subscribed_ms);
  put(at + 24, clock.stream_ms);
  put(at + 32, clock.connected_since_ms);
  at[40] = static_cast<unsigned char>(clock.connected | clock.backlog << 1 | clock.clock_trusted << 2 |
                                      clock.session_present << 3);
}

StreamClockState get_clock(const unsigned char* at) {
  StreamClockState clock;
  clock.boot_id = get_name(at);
  at += kNameBytes;
  clock.stream_minus_boot_ms = get<std::int64_t>(at);
  clock.wall_minus_stream_ms = get<std::int64_t>(at + 8);
  clock.subscribed_ms = get<std::int64_t>(at + 16);
  clock.stream_ms = get<std::int64_t>(at + 24);
  clock.connected_since_ms = get<std::int64_t>(at + 32);
  clock.connected = (at[40] & 1) != 0;
  clock.backlog = (at[40] & 2) != 0;
  clock.clock_trusted = (at[40] & 4) != 0;
  clock.session_present = (at[40] & 8) != 0;
  return clock;
}

}  // namespace

std::uint64_t record_step(Durability durability) {
  return durability == Durability::kPower ? kSectorBytes : 8;
}

std::uint32_t checksum_seed(const std::string& journal_id) {
  return crc(0, journal_id.data(), journal_id.size());
}

void encode_record(const NewRecord& record, std::uint64_t seq, Instant at, std::uint32_t seed,
                   unsigned char* bytes) {
  const std::size_t length = kRecordHeadBytes + record.topic.size() + record.payload.size();
  put(bytes + 4, static_cast<std::uint32_t>(length));
  put(bytes + 8, seq);
  put(bytes + 16, at.wall_ms);
  put(bytes + 24, at.boot_ms);
  put(bytes + 32, static_cast<std::uint32_t>(record.topic.size()));
  put(bytes + 36, record.packet_id);
  bytes[38] = static_cast<unsigned char>(record.kind);
  bytes[39] = record.flags;
  unsigned char* text = bytes + kRecordHeadBytes;
  if (!record.topic.empty()) std::memcpy(text, record.topic.data(), record.topic.size());
  text += record.topic.size();
  if (!record.payload.empty()) std::memcpy(text, record.payload.data(), record.payload.size());
  put(bytes, crc(seed, bytes + 4, length - 4));
}

RecordHead decode_head(const unsigned char* bytes) {
  RecordHead head;
  head.checksum = get<std::uint32_t>(bytes);
  head.length = get<std::uint32_t>(bytes + 4);
  head.seq = get<std::uint64_t>(bytes + 8);
  head.wall_ms = get<std::int64_t>(bytes + 16);
  head.boot_ms = get<std::int64_t>(bytes + 24);
  head.topic_length = get<std::uint32_t>(bytes + 32);
  head.packet_id = get<std::uint16_t>(bytes + 36);
  head.kind = bytes[38];
  head.flags = bytes[39];
  return head;
}

bool head_fits(const RecordHead& head, std::uint64_t seq, std::uint64_t room) {
  return head.seq == seq && head.length >= kRecordHeadBytes && head.length <= room &&
         head.topic_length <= head.length - kRecordHeadBytes;
}

bool checksum_holds(const RecordHead& head, const unsigned char* bytes, std::uint32_t seed) {
  return head.checksum == crc(seed, bytes + 4, head.length - 4);
}

JournalRecord record_in(const RecordHead& head, const char* bytes) {
  JournalRecord record;
  record.seq = head.seq;
  record.kind = static_cast<RecordKind>(head.kind);
  record.flags = head.flags;
  record.packet_id = head.packet_id;
  record.wall_ms = head.wall_ms;
  record.boot_ms = head.boot_ms;
  const char* text = bytes + kRecordHeadBytes;
  record.topic = {text, head.topic_length};
  record.payload = {text + head.topic_length, head.length - kRecordHeadBytes - head.topic_length};
  return record;
}

void encode_slot(const Header& header, unsigned char* slot) {
  std::memset(slot, 0, kSlotBytes);
  std::memcpy(slot, kMagic, sizeof kMagic);
  put(slot + 8, kVersion);
  slot[12] = header.durability == Durability::kPower ? 1 : 0;
  slot[13] = header.failed ? 1 : 0;
  put(slot + 16, header.generation);
  put(slot + 24, header.capacity);
  put(slot + 32, header.first_seq);
  put(slot + 40, header.kept.position);
  put(slot + 48, header.kept.seq);
  put(slot + 56, header.in_progress_seq);
  put(slot + 64, header.in_progress_attempts);
  put(slot + 72, header.dropped.readings);
  put_name(slot + 80, header.id);
  put_name(slot + 80 + kNameBytes, header.boot_id);
  put(slot + kDropsAt, header.dropped.through_seq);
  put(slot + kDropsAt + 8, header.dropped.messages);
  put_clock(slot + kClockAt, header.dropped.clock);
  put(slot + kSlotChecksumAt, crc(0, slot, kSlotChecksumAt));
}

Result<Header> decode_slot(const unsigned char* slot) {
  if (std::all_of(slot, slot + kSlotBytes, [](unsigned char byte) { return byte == 0; })) {
    return make_error(ErrorCode::kNotFound, "the header was never written");
  }
  if (std::memcmp(slot, kMagic, sizeof kMagic) != 0 ||
      get<std::uint32_t>(slot + kSlotChecksumAt) != crc(0, slot, kSlotChecksumAt)) {
    return make_error(ErrorCode::kCorrupt, "the header is damaged");
  }
  if (const auto version = get<std::uint32_t>(slot + 8); version != kVersion) {
    return make_error(ErrorCode::kRefused, "the journal has format " + std::to_string(version) +
                                               ", this program reads format " + std::to_string(kVersion) +
                                               ": drain it with the version that wrote it");
  }
  Header header;
  header.durability = slot[12] == 1 ? Durability::kPower : Durability::kCrash;
  header.failed = slot[13] != 0;
  header.generation = get<std::uint64_t>(slot + 16);
  header.capacity = get<std::uint64_t>(slot + 24);
  header.first_seq = get<std::uint64_t>(slot + 32);
  header.kept.position = get<std::uint64_t>(slot + 40);
  header.kept.seq = get<std::uint64_t>(slot + 48);
  header.in_progress_seq = get<std::uint64_t>(slot + 56);
  header.in_progress_attempts = get<std::uint32_t>(slot + 64);
  header.dropped.readings = get<std::uint64_t>(slot + 72);
  header.dropped.through_seq = get<std::uint64_t>(slot + kDropsAt);
  header.dropped.messages = get<std::uint64_t>(slot + kDropsAt + 8);
  header.dropped.clock = get_clock(slot + kClockAt);
  header.id = get_name(slot + 80);
  header.boot_id = get_name(slot + 80 + kNameBytes);
  if (!sound(header)) return make_error(ErrorCode::kCorrupt, "the header contradicts itself");
  return header;
}

}  // namespace sluice::journal_format
