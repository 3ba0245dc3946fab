// NotifyLoop: one notifier thread. Fetches what is new for its channel and delivers it until the other side
// has it; a channel that hangs keeps only this thread waiting.
#pragma once

#include <string>

#include "alert/alert_slots.h"
#include "alert/channel.h"
#include "app/store_loop.h"
#include "app/vitals.h"
#include "base/log.h"

namespace sluice {

class NotifyLoop {
 public:
  NotifyLoop(std::string name, Channel& channel, AlertSlots& slots, StoreLoop& store, Vitals& vitals,
             Log& log);
  void run();  // the thread: until vitals.stopping, and then as long as deliveries succeed

 private:
  bool deliver_one(std::chrono::milliseconds patience);
  std::string name_;
  Channel& channel_;
  KeyedInbox<AlertEvent>& inbox_;
  StoreLoop& store_;
  Vitals& vitals_;
  Log& log_;
  bool failing_ = false;
};

}  // namespace sluice
