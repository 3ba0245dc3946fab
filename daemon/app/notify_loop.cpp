#include "app/notify_loop.h"

#include <algorithm>
#include <thread>

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kPatience{200};
constexpr std::chrono::milliseconds kFirstRetry{250};
constexpr std::chrono::minutes kLongestRetry{1};
constexpr std::chrono::milliseconds kRetryAfterMax{std::chrono::minutes(15)};
constexpr std::size_t kTestsMax = 4;

}  // namespace

NotifyLoop::NotifyLoop(const NotifyEntry& entry, Channel& channel, KeyedInbox<AlertEvent>& inbox,
                       Delivered delivered, Clock& clock, Vitals& vitals, Log& log, Hooks hooks,
                       std::uint64_t jitter_seed)
    : name_(entry.name),
      channel_(channel),
      inbox_(inbox),
      delivered_(std::move(delivered)),
      clock_(clock),
      vitals_(vitals),
      log_(log),
      hooks_(std::move(hooks)),
      backoff_(kFirstRetry, kLongestRetry, jitter_seed),
      tests_(kTestsMax) {
  state_.change([&](StatusSnapshot::Channel& state) {
    state.name = entry.name;
    state.type = entry.type();
  });
}

// Gives the channel one event after the other, and judges it by as many answers as it has events at a time.
class NotifyLoop::Round final : public Deliveries {
 public:
  Round(NotifyLoop& loop, Attempt first) : loop_(loop), first_(std::move(first)) {}
  ~Round() override {
    if (first_) loop_.waiting_.try_emplace(first_->key, std::move(*first_));  // it was not asked for
    judge();
  }
  std::optional<AlertEvent> next() override {
    if (loop_.vitals_.reloading) return std::nullopt;
    std::optional<Attempt> attempt = std::exchange(first_, std::nullopt);
    // A channel that always has something under way would never come to its tests.
    if (!attempt && loop_.tests_.size() == 0) attempt = loop_.take(under_way_);
    if (!attempt) return std::nullopt;
    AlertEvent event = attempt->event;
    under_way_.emplace(given_++, std::move(*attempt));
    count();
    return event;
  }
  void answer(std::size_t i, const ChannelAnswer& answer) override {
    auto found = under_way_.find(i);
    SLUICE_CHECK(found != under_way_.end(), "a channel answers once for each event");
    Attempt attempt = std::move(found->second);
    under_way_.erase(found);
    const bool taken = loop_.settle(std::move(attempt), answer);
    any_taken_ = any_taken_ || taken;
    any_failed_ = any_failed_ || !taken;
    all_taken_ = all_taken_ && taken;
    if (++answers_ >= loop_.channel_.at_once()) judge();
    count();
  }
  bool all_taken() const { return all_taken_; }

 private:
  void judge() {
    if (answers_ > 0) loop_.note(any_taken_, any_failed_);
    answers_ = 0;
    any_taken_ = any_failed_ = false;
  }
  void count() {
    const std::size_t waiting = loop_.waiting_.size() + under_way_.size();
    loop_.state_.change([&](StatusSnapshot::Channel& state) { state.waiting = waiting; });
  }
  NotifyLoop& loop_;
  std::optional<Attempt> first_;
  std::map<std::size_t, Attempt> under_way_;  // by their place in the order of next()
  std::size_t given_ = 0;
  std::size_t answers_ = 0;
  bool any_taken_ = false;
  bool any_failed_ = false;
  bool all_taken_ = true;
};

void NotifyLoop::run() {
  while (!vitals_.stopping) {
    if (!step(kPatience)) std::this_thread::sleep_for(kPatience);
  }
  tests_.close();
  while (auto test = tests_.try_pop())
    test->answer.set_value(make_error(ErrorCode::kUnavailable, "the gateway stops"));
  tell_last();
  hooks_.close();
}

// What failed, or was cut off, would only hang once more: the next start tells it.
void NotifyLoop::tell_last() {
  std::erase_if(waiting_, [](const auto& slot) { return slot.second.failures > 0; });
  while (!vitals_.reloading && waiting_.size() + inbox_.size() > 0 && channel_.ready()) {
    if (!round(std::chrono::milliseconds(0))) return;
  }
}

bool NotifyLoop::step(std::chrono::milliseconds patience) {
  channel_.tick();
  hooks_.tick();
  run_tests();
  if (Status ready = channel_.ready(); !ready) {
    say(ready.error().context);
    return false;
  }
  (void)round(patience);
  return true;
}

// False: something has to be tried again.
bool NotifyLoop::round(std::chrono::milliseconds patience) {
  std::int64_t wait_ms = patience.count();
  const std::int64_t now = clock_.now().boot_ms;
  for (const auto& [key, attempt] : waiting_)
    wait_ms = std::clamp<std::int64_t>(attempt.due_boot_ms - now, 0, wait_ms);
  inbox_.wait(std::chrono::milliseconds(wait_ms));
  std::optional<Attempt> first = take({});
  if (!first) {
    if (!down_ && waiting_.empty()) say("");
    return true;
  }
  Round round(*this, std::move(*first));
  channel_.deliver(round);
  return round.all_taken();
}

// What is new first: it is never behind what fails. One of a slot is under way at a time.
std::optional<NotifyLoop::Attempt> NotifyLoop::take(const std::map<std::size_t, Attempt>& under_way) {
  const auto is_under_way = [&](const std::string& key) {
    return std::any_of(under_way.begin(), under_way.end(),
                       [&](const auto& one) { return one.second.key == key; });
  };
  while (auto item = inbox_.wait_pop(std::chrono::milliseconds(0))) {
    Attempt attempt{item->first, std::move(item->second)};
    if (is_under_way(item->first)) {
      waiting_.insert_or_assign(item->first, std::move(attempt));
      continue;
    }
    waiting_.erase(item->first);
    return attempt;
  }
  const std::int64_t due = clock_.now().boot_ms;
  for (auto at = waiting_.begin(); at != waiting_.end(); ++at) {
    if (at->second.due_boot_ms > due || is_under_way(at->first)) continue;
    Attempt attempt = std::move(at->second);
    waiting_.erase(at);
    return attempt;
  }
  return std::nullopt;
}

// Whether the other side has spoken: it has the event, or will never take it.
bool NotifyLoop::settle(Attempt attempt, const ChannelAnswer& answer) {
  const Status& status = answer.status;
  if (status.ok()) {
    delivered_(attempt.event);
    state_.change([](StatusSnapshot::Channel& state) { ++state.delivered; });
    return true;
  }
  if (status.error().code == ErrorCode::kRefused) {
    log_.error("channel {} refuses alert {} of {}: {}", name_, attempt.event.alert, attempt.event.sensor,
               status.error().context);
    delivered_(attempt.event);
    state_.change([&](StatusSnapshot::Channel& state) {
      ++state.refused;
      state.last_error = status.error().context;
    });
    return true;
  }
  say(status.error().context);
  state_.change([](StatusSnapshot::Channel& state) { ++state.failures; });
  const std::int64_t asked_ms = std::min(answer.retry_after, kRetryAfterMax).count();
  attempt.due_boot_ms = clock_.now().boot_ms + std::max(asked_ms, backoff_.delay_ms(++attempt.failures));
  std::string key = attempt.key;
  waiting_.try_emplace(std::move(key), std::move(attempt));  // unless a newer one waits
  return false;
}

void NotifyLoop::note(bool any_taken, bool any_failed) {
  if (any_taken && down_) {
    // The other side is back: what waited for it need not wait out its time.
    for (auto& [key, attempt] : waiting_) attempt.due_boot_ms = 0;
    log_.info("channel {} takes alerts again", name_);
  }
  if (any_failed && !any_taken && !down_)
    log_.warning("channel {}: {}; alerts are kept until it takes them", name_, state().last_error);
  down_ = any_failed && !any_taken;
  if (!any_failed && waiting_.empty()) say("");
  state_.change([&](StatusSnapshot::Channel& state) { state.waiting = waiting_.size(); });
}

void NotifyLoop::say(const std::string& error) {
  state_.change([&](StatusSnapshot::Channel& state) {
    state.failing = !error.empty();
    if (!error.empty()) state.last_error = error;
  });
}

StatusSnapshot::Channel NotifyLoop::state() const {
  StatusSnapshot::Channel state = state_.get();
  state.waiting += inbox_.size();
  return state;
}

Result<std::future<Status>> NotifyLoop::test(AlertEvent event) {
  Test test{std::move(event), {}};
  std::future<Status> answer = test.answer.get_future();
  if (!tests_.push(std::move(test))) {
    return make_error(ErrorCode::kFull, "tests of channel " + name_ + " wait already; try again later");
  }
  inbox_.wake();
  return answer;
}

void NotifyLoop::run_tests() {
  while (auto test = tests_.try_pop()) test->answer.set_value(deliver_test(std::move(test->event)));
}

Status NotifyLoop::deliver_test(AlertEvent event) {
  if (Status ready = channel_.ready(); !ready) return ready;
  Status told = channel_.deliver_all({event}).front().status;
  event.state = AlertState::kResolved;
  event.at_ms = clock_.now().wall_ms;
  Status ended = channel_.deliver_all({event}).front().status;
  return told.ok() ? ended : told;
}

}  // namespace sluice
