// JournalRecord: what the journal keeps and the engine folds over. Messages and everything else that the
// engine's state depends on: a replay of the same records gives the same state.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// Stored in the journal, so values never change meaning.
enum class RecordKind : std::uint8_t {
  kMessage = 1,       // topic, payload
  kStart = 2,         // the daemon started; topic: boot id
  kConnected = 3,     // subscribed from here on; flag kSessionPresent
  kDisconnected = 4,  // not subscribed from here on; topic: the reason
  kBacklogEnd = 5,    // the heartbeat came back: what follows is live
  kClockTrusted = 6,  // from here on the wall clock is right
  kConfigured = 7,    // the configuration in force from here on; topic: its digest
  kTick = 8,          // nothing arrived, but a deadline is due: every transition has a record that caused it
  kGatewayCondition = 9,  // topic: its name, payload: a text; flag kConditionOn, kConditionPassing or none
  kSilence = 10,  // payload: a silence that begins here (alert/silence_json.h); its id is the record's number
  kUnsilence = 11,  // topic: the number of the silence that ends here
};

enum RecordFlag : std::uint8_t {
  kQos1 = 1u << 0,
  kQos2 = 1u << 1,
  kRetainFlag = 1u << 2,
  kDupFlag = 1u << 3,
  kSessionPresent = 1u << 4,
  kOversize = 1u << 5,          // the payload was longer than mqtt.max_payload and is not kept
  kConditionOn = 1u << 6,       // from here on; without it and the next one: no longer
  kConditionPassing = 1u << 7,  // happened here, and resolves by itself
};

struct JournalRecord {
  std::uint64_t seq = 0;  // 1, 2, 3 … for the life of the gateway, without gaps
  RecordKind kind = RecordKind::kMessage;
  std::uint8_t flags = 0;  // RecordFlag bits
  std::uint16_t packet_id = 0;
  std::int64_t wall_ms = 0;  // Unix time of the append
  std::int64_t boot_ms = 0;  // CLOCK_BOOTTIME of the append; does not go back within a boot
  std::string_view topic;    // valid as long as the buffer that it was read into
  std::string_view payload;
};

}  // namespace sluice
