// NotifyLoop: one notifier thread. Fetches what is new for its channel and delivers it until the other side
// has it; a channel that hangs keeps only this thread waiting. What failed waits for its own time, longer
// after each try, and never ahead of what is new; a newer transition of the same slot takes its place.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alert/alert_slots.h"
#include "alert/channel.h"
#include "alert/channel_settings.h"
#include "api/status.h"
#include "app/vitals.h"
#include "base/backoff.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/log.h"

namespace sluice {

class NotifyLoop {
 public:
  struct Hooks {
    std::function<void()> tick = [] {};   // beside the channel's own, on the same thread
    std::function<void()> close = [] {};  // at the end
  };
  using Delivered = std::function<void(const AlertEvent&)>;  // the other side has it, or never will

  NotifyLoop(const NotifyEntry& entry, Channel& channel, KeyedInbox<AlertEvent>& inbox, Delivered delivered,
             Clock& clock, Vitals& vitals, Log& log, Hooks hooks, std::uint64_t jitter_seed);
  // The thread: until vitals.stopping, and then what was not tried yet, as long as deliveries succeed.
  void run();
  // One turn of it: what is new or due within `patience`. False: the channel is not ready, nothing was tried.
  bool step(std::chrono::milliseconds patience);

  // Any thread.
  StatusSnapshot::Channel state() const;
  // Tells the channel of `event`, and that it is resolved: the answer comes when its thread has time for it.
  // kFull: tests already wait.
  Result<std::future<Status>> test(AlertEvent event);

 private:
  struct Attempt {
    std::string key;
    AlertEvent event;
    int failures = 0;
    std::int64_t due_boot_ms = 0;
  };
  class Round;  // what the channel is given of one turn
  struct Test {
    AlertEvent event;
    std::promise<Status> answer;
  };
  bool round(std::chrono::milliseconds patience);  // false: something has to be tried again
  std::optional<Attempt> take(const std::map<std::size_t, Attempt>& under_way);
  void tell_last();
  bool settle(Attempt attempt, const ChannelAnswer& answer);
  void note(bool any_taken, bool any_failed);
  void run_tests();
  Status deliver_test(AlertEvent event);
  void say(const std::string& error);

  const std::string name_;
  Channel& channel_;
  KeyedInbox<AlertEvent>& inbox_;
  Delivered delivered_;
  Clock& clock_;
  Vitals& vitals_;
  Log& log_;
  Hooks hooks_;
  Backoff backoff_;
  std::map<std::string, Attempt> waiting_;  // one a slot at most
  bool down_ = false;                       // of the last deliveries none went well
  Inbox<Test> tests_;
  Shared<StatusSnapshot::Channel> state_;
};

}  // namespace sluice
