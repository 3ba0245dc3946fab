// Redelivery: knows a message again that the broker sends a second time. After a reconnect with the session
// present the broker repeats, under their packet ids, what it saw no acknowledgement for; some of that we had
// already kept. Bounded: the newest `limit` (the session's receive maximum) deliveries are remembered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

class Redelivery {
 public:
  // `session_present`: of the connection that goes on, if one does.
  Redelivery(std::size_t limit, const std::vector<DeliveredTriple>& remembered, bool session_present);

  void on_connected(bool session_present);
  // Remembers the message; true: it is one that was kept before. QoS 1 and 2 only.
  bool seen_before(const JournalRecord& message);
  std::vector<DeliveredTriple> remembered() const;  // oldest first

 private:
  std::size_t limit_;
  bool session_present_;
  std::vector<DeliveredTriple> deliveries_;  // a ring, `next_` is the oldest once it is full
  std::size_t next_ = 0;
};

std::uint64_t message_hash(std::string_view topic, std::string_view payload);  // stored: never changes

}  // namespace sluice
