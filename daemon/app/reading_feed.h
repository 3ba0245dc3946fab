// ReadingFeed: hands the newest value of each sensor, once it is stored, to channels that show values. A
// place a sensor and channel, so it is bounded by the number of sensors, and nobody waits. stored() on the
// store thread; each inbox has one consumer.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "alert/home_assistant_channel.h"
#include "base/keyed_inbox.h"
#include "model/batch.h"

namespace sluice {

class ReadingFeed {
 public:
  explicit ReadingFeed(const Checkpoint& checkpoint);
  KeyedInbox<SensorValue>& add();  // before the threads start; holds what the checkpoint knows
  void stored(const Batch& batch);
  std::string name_of(SensorId id) const;  // store thread

 private:
  void put(SensorId id, double value, std::int64_t time_ms);
  std::unordered_map<SensorId, SensorRow> sensors_;
  std::vector<SensorLast> last_;  // of the checkpoint
  std::vector<std::unique_ptr<KeyedInbox<SensorValue>>> inboxes_;
};

}  // namespace sluice
