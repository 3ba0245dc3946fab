// What the upload stage needs from a store: the items that wait, oldest first, and a place for receipts.
// Called from the batch layer's thread; implemented in store/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"

namespace sluice {

enum class OutboxState { kPending, kDelivered, kParked, kDiscarded };

struct OutboxItem {
  std::int64_t id = 0;
  std::string sink;
  Day day = 0;
  int revision = 0;
  std::string key;  // Idempotency-Key: gateway/date/revision/16 hex of the body's SHA-256
  OutboxState state = OutboxState::kPending;
  int attempts = 0;
  std::int64_t created_ms = 0;
  std::int64_t next_try_ms = 0;  // wall; not before
  std::int64_t done_ms = 0;
  std::string note;  // the last error, or the receipt
};

class OutboxTable {
 public:
  virtual ~OutboxTable() = default;
  virtual Result<std::vector<OutboxItem>> waiting(const std::string& sink,
                                                  std::size_t limit) = 0;  // pending, oldest day first
  virtual Result<std::string> body(Day day, int revision) = 0;
  // What an attempt came to: state, attempts, next_try_ms, done_ms, note. An item that was discarded during
  // the attempt stays so, unless it was delivered.
  virtual Status update(const OutboxItem& item) = 0;
  // Pending and parked items made before this are discarded; how many.
  virtual Result<int> expire(std::int64_t created_before_ms) = 0;
};

}  // namespace sluice
