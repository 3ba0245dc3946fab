// ReadingFeed: hands the newest value of each sensor, once it is stored, to channels that show values: newest
// as model/newest.h has it, and never a copy (a retained message, a duplicate), nor an imported one. A place
// a sensor and channel, so it is bounded by the number of sensors, and nobody waits. stored() on the store
// thread; each inbox has one consumer.
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
  struct Shown {
    SensorRow sensor;
    SensorLast last;  // time_ms 0: no value yet
  };
  void put(const Shown& shown);
  std::unordered_map<SensorId, Shown> sensors_;
  std::vector<std::unique_ptr<KeyedInbox<SensorValue>>> inboxes_;
};

}  // namespace sluice
