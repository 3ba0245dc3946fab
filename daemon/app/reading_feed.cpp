#include "app/reading_feed.h"

#include <set>

#include "model/newest.h"

namespace sluice {

ReadingFeed::ReadingFeed(const Checkpoint& checkpoint) {
  for (const SensorRow& row : checkpoint.sensors) sensors_[row.id].sensor = row;
  for (const SensorLast& last : checkpoint.last) {
    auto found = sensors_.find(last.id);
    if (found != sensors_.end()) found->second.last = last;
  }
}

KeyedInbox<SensorValue>& ReadingFeed::add() {
  KeyedInbox<SensorValue>& inbox = *inboxes_.emplace_back(std::make_unique<KeyedInbox<SensorValue>>());
  for (const auto& [id, shown] : sensors_) {
    if (shown.last.time_ms != 0)
      inbox.put(shown.sensor.name,
                {shown.sensor.unit, shown.last.value, shown.last.time_ms, shown.last.arrival_ms});
  }
  return inbox;
}

void ReadingFeed::stored(const Batch& batch) {
  for (const SensorRow& row : batch.new_sensors) sensors_[row.id].sensor = row;
  if (inboxes_.empty()) return;
  std::set<SensorId> heard;
  for (const Reading& reading : batch.readings) {
    auto found = sensors_.find(reading.sensor);
    if (found == sensors_.end() || (reading.flags & (kRetained | kDuplicate | kImported))) continue;
    SensorLast& last = found->second.last;
    last.arrival_ms = reading.arrival_ms;
    heard.insert(reading.sensor);
    if (!is_newest(reading, last.time_ms)) continue;
    last.time_ms = reading.time_ms;
    last.value = reading.value;
  }
  for (SensorId id : heard) put(sensors_.at(id));
  for (const SensorLast& last : batch.derived) {
    auto found = sensors_.find(last.id);
    if (found == sensors_.end()) continue;
    found->second.last = last;
    put(found->second);
  }
}

std::string ReadingFeed::name_of(SensorId id) const {
  auto found = sensors_.find(id);
  return found == sensors_.end() ? "a sensor" : found->second.sensor.name;
}

void ReadingFeed::put(const Shown& shown) {
  for (auto& inbox : inboxes_)
    inbox->put(shown.sensor.name,
               {shown.sensor.unit, shown.last.value, shown.last.time_ms, shown.last.arrival_ms});
}

}  // namespace sluice
