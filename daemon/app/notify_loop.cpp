#include "app/notify_loop.h"

#include <thread>

namespace sluice {

namespace {
constexpr std::chrono::milliseconds kPatience{200};
}

NotifyLoop::NotifyLoop(std::string name, Channel& channel, AlertSlots& slots, StoreLoop& store,
                       Vitals& vitals, Log& log, Hooks hooks)
    : name_(std::move(name)),
      channel_(channel),
      inbox_(slots.channel(name_)),
      store_(store),
      vitals_(vitals),
      log_(log),
      hooks_(std::move(hooks)) {}

void NotifyLoop::run() {
  while (!vitals_.stopping) {
    if (!step(kPatience) && !vitals_.stopping) std::this_thread::sleep_for(kPatience);
  }
  while (inbox_.size() > 0 && deliver_one(std::chrono::milliseconds(0))) {
  }
  hooks_.close();
}

bool NotifyLoop::step(std::chrono::milliseconds patience) {
  channel_.tick();
  hooks_.tick();
  return deliver_one(patience);
}

bool NotifyLoop::deliver_one(std::chrono::milliseconds patience) {
  auto item = inbox_.wait_pop(patience);
  if (!item) return true;
  auto& [key, event] = *item;
  Status done = channel_.deliver(event);
  if (done.ok() || done.error().code == ErrorCode::kRefused) {
    if (!done.ok())
      log_.error("channel {} refuses alert {} of {}: {}", name_, event.alert, event.sensor,
                 done.error().context);
    if (failing_ && done.ok()) log_.info("channel {} takes alerts again", name_);
    failing_ = failing_ && !done.ok();
    store_.delivered({event.id, event.state, name_});
    return true;
  }
  if (!failing_)
    log_.warning("channel {}: {}; alerts are kept until it takes them", name_, done.error().context);
  failing_ = true;
  inbox_.put_back(key, std::move(event));
  return false;
}

}  // namespace sluice
