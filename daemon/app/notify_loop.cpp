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

void NotifyLoop::run() {
  while (!vitals_.stopping) {
    if (!step(kPatience)) std::this_thread::sleep_for(kPatience);
  }
  for (auto& [key, attempt] : waiting_) attempt.due_boot_ms = 0;
  while (state().waiting > 0 && channel_.ready() && round(std::chrono::milliseconds(0))) {
  }
  tests_.close();
  while (auto test = tests_.try_pop())
    test->answer.set_value(make_error(ErrorCode::kUnavailable, "the gateway stops"));
  hooks_.close();
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

bool NotifyLoop::round(std::chrono::milliseconds patience) {
  std::vector<Attempt> attempts = collect(patience);
  if (attempts.empty()) {
    if (!down_ && waiting_.empty()) say("");
    return true;
  }
  std::vector<AlertEvent> events;
  events.reserve(attempts.size());
  for (const Attempt& attempt : attempts) events.push_back(attempt.event);
  std::vector<ChannelAnswer> answers = channel_.deliver_all(events);
  SLUICE_CHECK(answers.size() == attempts.size(), "a channel answers for each event");
  bool any_taken = false;
  bool any_failed = false;
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    const bool taken = settle(std::move(attempts[i]), answers[i]);
    any_taken = any_taken || taken;
    any_failed = any_failed || !taken;
  }
  note(any_taken, any_failed);
  return !any_failed;
}

// What is new first: it is never behind what fails.
std::vector<NotifyLoop::Attempt> NotifyLoop::collect(std::chrono::milliseconds patience) {
  const std::size_t most = channel_.at_once();
  const std::int64_t now = clock_.now().boot_ms;
  std::int64_t wait_ms = patience.count();
  for (const auto& [key, attempt] : waiting_)
    wait_ms = std::clamp<std::int64_t>(attempt.due_boot_ms - now, 0, wait_ms);
  std::vector<Attempt> attempts;
  while (attempts.size() < most) {
    auto item = inbox_.wait_pop(std::chrono::milliseconds(attempts.empty() ? wait_ms : 0));
    if (!item) break;
    waiting_.erase(item->first);
    // It may have come twice while we were collecting.
    std::erase_if(attempts, [&](const Attempt& attempt) { return attempt.key == item->first; });
    attempts.push_back({item->first, std::move(item->second)});
  }
  const std::int64_t due = clock_.now().boot_ms;
  for (auto at = waiting_.begin(); at != waiting_.end() && attempts.size() < most;) {
    if (at->second.due_boot_ms > due) {
      ++at;
      continue;
    }
    attempts.push_back(std::move(at->second));
    at = waiting_.erase(at);
  }
  state_.change([&](StatusSnapshot::Channel& state) { state.waiting = waiting_.size() + attempts.size(); });
  return attempts;
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
  waiting_.insert_or_assign(std::move(key), std::move(attempt));
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
