#include "alert/alert_slots.h"

#include <algorithm>

namespace sluice {

AlertSlots::AlertSlots(const std::vector<std::string>& channels) {
  for (const std::string& name : channels) channels_[name];
}

void AlertSlots::put(const AlertEvent& event) {
  if (event.flags & kQuiet) return;
  const std::string key = key_of(event);
  {
    std::lock_guard lock(mutex_);
    if (event.state == AlertState::kFiring) {
      stand(key, event);
    } else {
      standing_.erase(key);
    }
  }
  for (const std::string& name : event.channels) {
    auto channel = channels_.find(name);
    if (channel != channels_.end()) channel->second.put(key, event);
  }
}

void AlertSlots::restore_standing(const std::vector<AlertEvent>& events) {
  std::lock_guard lock(mutex_);
  for (const AlertEvent& event : events) stand(key_of(event), event);
}

// It stands for all who know of it.
void AlertSlots::stand(const std::string& key, const AlertEvent& event) {
  AlertEvent& standing = standing_[key] = event;
  standing.channels.insert(standing.channels.end(), event.formerly.begin(), event.formerly.end());
  standing.formerly.clear();
}

void AlertSlots::restore_undelivered(const std::vector<AlertEvent>& events) {
  for (const AlertEvent& event : events) {
    for (const std::string& name : event.channels) {
      auto channel = channels_.find(name);
      if (channel != channels_.end()) channel->second.put_back(key_of(event), event);
    }
  }
}

std::vector<std::string> AlertSlots::channel_names() const {
  std::vector<std::string> names;
  for (const auto& [name, inbox] : channels_) names.push_back(name);
  return names;
}

std::vector<AlertEvent> AlertSlots::standing() const {
  std::lock_guard lock(mutex_);
  std::vector<AlertEvent> events;
  for (const auto& [key, event] : standing_) events.push_back(event);
  return events;
}

std::vector<AlertEvent> AlertSlots::standing_for(const std::string& channel) const {
  std::vector<AlertEvent> events = standing();
  std::erase_if(events, [&](const AlertEvent& event) {
    return std::find(event.channels.begin(), event.channels.end(), channel) == event.channels.end();
  });
  return events;
}

void AlertSlots::wake_all() {
  for (auto& [name, inbox] : channels_) inbox.wake();
}

}  // namespace sluice
