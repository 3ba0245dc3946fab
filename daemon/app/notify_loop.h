// NotifyLoop: one notifier thread. Fetches what is new for its channel and delivers it until the other side
// has it; a channel that hangs keeps only this thread waiting.
#pragma once

#include <functional>
#include <string>

#include "alert/alert_slots.h"
#include "alert/channel.h"
#include "app/store_loop.h"
#include "app/vitals.h"
#include "base/log.h"

namespace sluice {

class NotifyLoop {
 public:
  struct Hooks {
    std::function<void()> tick;   // beside the channel's own, on the same thread
    std::function<void()> close;  // at the end
  };
  NotifyLoop(std::string name, Channel& channel, AlertSlots& slots, StoreLoop& store, Vitals& vitals,
             Log& log, Hooks hooks);
  void run();  // the thread: until vitals.stopping, and then as long as deliveries succeed
  // One turn of it: what is new within `patience`. False: the other side did not take it.
  bool step(std::chrono::milliseconds patience);

 private:
  bool deliver_one(std::chrono::milliseconds patience);
  std::string name_;
  Channel& channel_;
  KeyedInbox<AlertEvent>& inbox_;
  StoreLoop& store_;
  Vitals& vitals_;
  Log& log_;
  Hooks hooks_;
  bool failing_ = false;
};

}  // namespace sluice
