#include "app/reading_feed.h"

namespace sluice {

ReadingFeed::ReadingFeed(const Checkpoint& checkpoint) : last_(checkpoint.last) {
  for (const SensorRow& row : checkpoint.sensors) sensors_[row.id] = row;
}

KeyedInbox<SensorValue>& ReadingFeed::add() {
  inboxes_.push_back(std::make_unique<KeyedInbox<SensorValue>>());
  for (const SensorLast& last : last_) {
    auto found = sensors_.find(last.id);
    if (found == sensors_.end() || last.time_ms == 0) continue;
    inboxes_.back()->put(found->second.name, {found->second.unit, last.value, last.time_ms});
  }
  return *inboxes_.back();
}

void ReadingFeed::stored(const Batch& batch) {
  for (const SensorRow& row : batch.new_sensors) sensors_[row.id] = row;
  if (inboxes_.empty()) return;
  std::unordered_map<SensorId, const Reading*> newest;
  for (const Reading& reading : batch.readings) {
    const Reading*& place = newest[reading.sensor];
    if (place == nullptr || reading.time_ms >= place->time_ms) place = &reading;
  }
  for (const auto& [id, reading] : newest) put(id, reading->value, reading->time_ms);
  for (const SensorLast& last : batch.derived) put(last.id, last.value, last.time_ms);
}

std::string ReadingFeed::name_of(SensorId id) const {
  auto found = sensors_.find(id);
  return found == sensors_.end() ? "a sensor" : found->second.name;
}

void ReadingFeed::put(SensorId id, double value, std::int64_t time_ms) {
  auto found = sensors_.find(id);
  if (found == sensors_.end()) return;
  for (auto& inbox : inboxes_) inbox->put(found->second.name, {found->second.unit, value, time_ms});
}

}  // namespace sluice
