// Redelivery: knows a message again that the broker sends a second time. After a reconnect with the session
// present the broker repeats, under their packet ids, what it saw no acknowledgement for; some of that we had
// already kept. The newest kDeliveriesMax deliveries are remembered: mosquitto 2.0.11 sends what it queued
// while we were away at once, whatever the receive maximum, may see none of its acknowledgements, and has
// more under way than that as long as it is busy. Over a restart all of a backlog is remembered, with what
// came within a minute of its end; of what came live the newest receive_maximum. Brokers count packet ids up,
// so an id comes again only after 65,535 others, when it is long forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

inline constexpr std::size_t kDeliveriesMax = kBacklogRun * kBacklogRunsMax;

class Redelivery {
 public:
  // `in_backlog`: the deliveries go on in the middle of one, or (`ended`) less than a minute after it.
  Redelivery(std::size_t receive_maximum, const std::vector<DeliveredRun>& remembered, bool in_backlog,
             bool ended);

  void on_connected(bool session_present);
  void on_backlog_end();
  // Remembers the message; true: it is one that was kept before. QoS 1 and 2 only.
  bool seen_before(const JournalRecord& message);

  DeliveredRun newest() const;
  std::vector<DeliveredRun> take_backlog();  // the runs of a backlog that grew since the last call, ascending

 private:
  void append(const DeliveredMessage& message);
  DeliveredRun run(std::uint64_t first, std::uint64_t end) const;

  std::size_t receive_maximum_;
  std::vector<DeliveredMessage> ring_;  // delivery n at n % kDeliveriesMax
  std::vector<std::uint16_t> newest_;   // by packet id: where in the ring its newest delivery may be
  std::uint64_t next_ = 0;              // the next delivery's number
  std::uint64_t session_first_ = 0;     // what was delivered before belongs to a session that is gone
  std::uint64_t connection_first_ = 0;
  bool in_backlog_ = false;  // or shortly after one
  bool ended_ = false;
  std::int64_t over_boot_ms_ = 0;    // 0: not known yet
  std::uint64_t backlog_first_ = 0;  // of a backlog, and not taken yet: up to backlog_end_
  std::uint64_t backlog_end_ = 0;
};

std::uint64_t message_hash(std::string_view topic, std::string_view payload);  // stored: never changes

}  // namespace sluice
