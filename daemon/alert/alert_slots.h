// AlertSlots: where the engine leaves transitions and the notifiers fetch them. One slot per (channel, rule,
// sensor) holds the newest transition, so a channel that hangs delays no other, and nothing is refused. Also
// what stands now, for a channel that has to say it all again. Any thread.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/keyed_inbox.h"
#include "model/alert_event.h"

namespace sluice {

class AlertSlots {
 public:
  explicit AlertSlots(const std::vector<std::string>& channels);

  // Quiet transitions move nothing here. An event without channels is told to nobody.
  void put(const AlertEvent& event);
  void restore_standing(
      const std::vector<AlertEvent>& events);  // at start: told before, not to be told again
  void restore_undelivered(const std::vector<AlertEvent>& events);  // at start: one channel each
  KeyedInbox<AlertEvent>& channel(const std::string& name) { return channels_.at(name); }
  std::vector<std::string> channel_names() const;
  std::vector<AlertEvent> standing() const;
  std::vector<AlertEvent> standing_for(const std::string& channel) const;  // those that it is told of
  void wake_all();

 private:
  void stand(const std::string& key, const AlertEvent& event);  // under mutex_
  static std::string key_of(const AlertEvent& event) { return event.alert + '\0' + event.sensor; }
  std::map<std::string, KeyedInbox<AlertEvent>> channels_;  // fixed after construction
  mutable std::mutex mutex_;
  std::map<std::string, AlertEvent> standing_;
};

}  // namespace sluice
