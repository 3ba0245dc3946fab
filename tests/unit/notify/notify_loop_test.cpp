#include "app/notify_loop.h"

#include <gtest/gtest.h>

#include <functional>

#include "example_event.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Answers as the test says, and remembers what it was told.
class ScriptedChannel final : public Channel {
 public:
  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>& events) override {
    most = std::max(most, events.size());
    std::vector<ChannelAnswer> answers;
    for (const AlertEvent& event : events) {
      tried.push_back(event.sensor + (event.state == AlertState::kFiring ? "+" : "-"));
      flags.push_back(event.flags);
      answers.push_back(answer(event));
    }
    return answers;
  }
  std::size_t at_once() const override { return 3; }
  Status ready() override { return up ? Status() : make_error(ErrorCode::kUnavailable, "not there"); }

  bool up = true;
  std::size_t most = 0;
  std::vector<std::string> tried;
  std::vector<std::uint32_t> flags;
  std::function<ChannelAnswer(const AlertEvent&)> answer = [](const AlertEvent&) { return ChannelAnswer{}; };
};

class NotifyLoopOf : public ::testing::Test {
 protected:
  static ChannelAnswer failed(milliseconds retry_after = milliseconds(0)) {
    return {make_error(ErrorCode::kUnavailable, "no answer"), retry_after};
  }
  static ChannelAnswer refused() { return {make_error(ErrorCode::kRefused, "not mine"), {}}; }
  void put(const std::string& sensor, AlertState state = AlertState::kFiring) {
    inbox_.put(sensor, example_event(sensor, state));
  }
  // Turns of the loop until `time` has passed, one each 100 ms.
  void pass(milliseconds time) {
    for (milliseconds done{0}; done < time; done += milliseconds(100)) {
      clock_.pass_ms(100);
      (void)loop_.step(milliseconds(0));
    }
  }
  std::size_t tries(const std::string& what) const {
    return static_cast<std::size_t>(std::count(channel_.tried.begin(), channel_.tried.end(), what));
  }
  FakeClock clock_{1772366400000};
  Vitals vitals_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  ScriptedChannel channel_;
  KeyedInbox<AlertEvent> inbox_;
  std::vector<std::string> delivered_;
  NotifyLoop loop_{NotifyEntry{"ops", ExecSettings{}},
                   channel_,
                   inbox_,
                   [this](const AlertEvent& event) { delivered_.push_back(event.sensor); },
                   clock_,
                   vitals_,
                   log_,
                   {},
                   1};
};

TEST_F(NotifyLoopOf, DeliversSeveralAtOnceButNoMoreThanTheChannelTakes) {
  for (const char* sensor : {"a", "b", "c", "d"}) put(sensor);
  loop_.step(milliseconds(0));
  EXPECT_EQ((std::vector<std::string>{"a", "b", "c"}), delivered_);
  EXPECT_EQ(1u, loop_.state().waiting);
  loop_.step(milliseconds(0));
  EXPECT_EQ((std::vector<std::string>{"a", "b", "c", "d"}), delivered_);
  EXPECT_EQ(3u, channel_.most);
  EXPECT_EQ(4u, loop_.state().delivered);
}

TEST_F(NotifyLoopOf, TriesAgainLessAndLessOften) {
  channel_.answer = [](const AlertEvent&) { return failed(); };
  put("a");
  pass(minutes(1));
  const std::size_t first_minute = channel_.tried.size();
  pass(minutes(10));
  const std::size_t later = channel_.tried.size() - first_minute;
  EXPECT_LE(5u, first_minute);
  EXPECT_GE(12u, first_minute);
  EXPECT_LE(8u, later);
  EXPECT_GE(14u, later);
  EXPECT_TRUE(delivered_.empty());
  EXPECT_EQ(1u, loop_.state().waiting);
  EXPECT_TRUE(loop_.state().failing);
  EXPECT_EQ("no answer", loop_.state().last_error);
}

TEST_F(NotifyLoopOf, LetsANewerTransitionTakeThePlaceOfOneThatWaits) {
  channel_.answer = [](const AlertEvent&) { return failed(); };
  put("a");
  pass(seconds(5));
  const std::size_t before = tries("a+");
  put("a", AlertState::kResolved);
  channel_.answer = [](const AlertEvent&) { return ChannelAnswer{}; };
  pass(minutes(3));
  EXPECT_EQ(before, tries("a+"));
  EXPECT_EQ(1u, tries("a-"));
  EXPECT_EQ(0u, loop_.state().waiting);
}

TEST_F(NotifyLoopOf, LetsNoSlotThatFailsDelayAnother) {
  channel_.answer = [](const AlertEvent& event) {
    return event.sensor == "bad" ? failed() : ChannelAnswer{};
  };
  put("bad");
  pass(seconds(30));
  for (int i = 0; i < 20; ++i) {
    put("s" + std::to_string(i));
    loop_.step(milliseconds(0));
    EXPECT_EQ("s" + std::to_string(i), delivered_.back());
  }
  EXPECT_EQ(1u, loop_.state().waiting);
}

TEST_F(NotifyLoopOf, TellsAllThatWaitedAsSoonAsTheOtherSideIsBack) {
  channel_.answer = [](const AlertEvent&) { return failed(); };
  for (const char* sensor : {"a", "b", "c", "d"}) put(sensor);
  pass(minutes(30));
  channel_.answer = [](const AlertEvent&) { return ChannelAnswer{}; };
  put("new");
  pass(milliseconds(300));
  EXPECT_EQ(5u, delivered_.size());
  EXPECT_FALSE(loop_.state().failing);
}

TEST_F(NotifyLoopOf, WaitsAsLongAsTheOtherSideAsks) {
  channel_.answer = [](const AlertEvent&) { return failed(seconds(120)); };
  put("a");
  pass(seconds(119));
  EXPECT_EQ(1u, channel_.tried.size());
  pass(seconds(2));
  EXPECT_EQ(2u, channel_.tried.size());
  // But not for ever.
  channel_.answer = [](const AlertEvent&) { return failed(std::chrono::hours(24)); };
  put("b");
  pass(minutes(16));
  EXPECT_LE(2u, tries("b+"));
}

TEST_F(NotifyLoopOf, GivesUpWhatIsRefusedAndCountsIt) {
  channel_.answer = [](const AlertEvent&) { return refused(); };
  put("a");
  pass(minutes(1));
  EXPECT_EQ(1u, channel_.tried.size());
  EXPECT_EQ((std::vector<std::string>{"a"}), delivered_);
  EXPECT_EQ(1u, loop_.state().refused);
  EXPECT_EQ("not mine", loop_.state().last_error);
  EXPECT_FALSE(loop_.state().failing);
}

TEST_F(NotifyLoopOf, TakesNothingOutOfTheSlotsWhileTheChannelIsNotReady) {
  channel_.up = false;
  put("a");
  pass(seconds(10));
  EXPECT_TRUE(channel_.tried.empty());
  EXPECT_EQ("not there", loop_.state().last_error);
  EXPECT_TRUE(loop_.state().failing);
  EXPECT_EQ(1u, loop_.state().waiting);
  put("a", AlertState::kResolved);
  channel_.up = true;
  pass(milliseconds(200));
  EXPECT_EQ((std::vector<std::string>{"a-"}), channel_.tried);
  EXPECT_FALSE(loop_.state().failing);
}

TEST_F(NotifyLoopOf, TellsATestAndThatItIsResolved) {
  AlertEvent test = example_event("$test");
  test.flags = kTest;
  auto answer = loop_.test(test);
  ASSERT_TRUE(answer.ok());
  loop_.step(milliseconds(0));
  EXPECT_TRUE(answer->get().ok());
  EXPECT_EQ((std::vector<std::string>{"$test+", "$test-"}), channel_.tried);
  EXPECT_EQ((std::vector<std::uint32_t>{kTest, kTest}), channel_.flags);
  EXPECT_TRUE(delivered_.empty());
  channel_.up = false;
  auto second = loop_.test(test);
  loop_.step(milliseconds(0));
  EXPECT_EQ("not there", second->get().error().context);
}

TEST_F(NotifyLoopOf, RefusesTestsThatPileUp) {
  std::vector<std::future<Status>> answers;
  for (;;) {
    auto answer = loop_.test(example_event());
    if (!answer) {
      EXPECT_EQ(ErrorCode::kFull, answer.error().code);
      break;
    }
    answers.push_back(std::move(*answer));
    ASSERT_GE(100u, answers.size());
  }
  vitals_.stopping = true;
  loop_.run();
  for (std::future<Status>& answer : answers) EXPECT_FALSE(answer.get().ok());
}

TEST_F(NotifyLoopOf, TellsWhatIsNewWhenItStopsAndTriesNothingThatFailedAgain) {
  channel_.answer = [](const AlertEvent& event) {
    return event.sensor == "hangs" ? failed() : ChannelAnswer{};
  };
  put("hangs");
  put("a");
  pass(minutes(5));
  const std::size_t before = tries("hangs+");
  for (const char* sensor : {"b", "c", "d", "e"}) put(sensor);
  vitals_.stopping = true;
  loop_.run();
  EXPECT_EQ(before, tries("hangs+"));
  EXPECT_EQ((std::vector<std::string>{"a", "b", "c", "d", "e"}), delivered_);
}

TEST_F(NotifyLoopOf, TriesNothingWhenItStopsAndAllHasFailed) {
  channel_.answer = [](const AlertEvent&) { return failed(); };
  put("hangs");
  pass(minutes(5));
  const std::size_t before = channel_.tried.size();
  vitals_.stopping = true;
  loop_.run();
  EXPECT_EQ(before, channel_.tried.size());
}

TEST_F(NotifyLoopOf, TriesWhatIsNewOnceWhenItStops) {
  channel_.answer = [](const AlertEvent&) { return failed(); };
  put("a");
  vitals_.stopping = true;
  loop_.run();
  EXPECT_EQ((std::vector<std::string>{"a+"}), channel_.tried);
}

TEST_F(NotifyLoopOf, LeavesWhatIsNewToTheNextConfigurationInAReload) {
  put("a");
  vitals_.reloading = vitals_.stopping = true;
  loop_.run();
  EXPECT_TRUE(channel_.tried.empty());
}

// As a channel does whose deliveries end one by one: the first hangs until all others are told.
class HangingChannel final : public Channel {
 public:
  void deliver(Deliveries& deliveries) override {
    std::optional<AlertEvent> first = deliveries.next();
    for (std::size_t i = 1; std::optional<AlertEvent> event = deliveries.next(); ++i) {
      told.push_back(event->sensor + (event->state == AlertState::kFiring ? "+" : "-"));
      if (meanwhile) std::exchange(meanwhile, nullptr)();
      deliveries.answer(i, {});
    }
    deliveries.answer(0, {make_error(ErrorCode::kUnavailable, "timed out"), {}});
    told.push_back(first->sensor + "?");
  }
  std::vector<ChannelAnswer> deliver_all(const std::vector<AlertEvent>&) override { return {}; }
  std::vector<std::string> told;
  std::function<void()> meanwhile;
};

TEST_F(NotifyLoopOf, TellsWhatComesUpWhileOneHangsButNeverTwoOfASlotAtATime) {
  HangingChannel channel;
  NotifyLoop loop(
      NotifyEntry{"ops", ExecSettings{}}, channel, inbox_, [](const AlertEvent&) {}, clock_, vitals_, log_,
      {}, 1);
  put("hangs");
  put("a");
  channel.meanwhile = [this] {
    put("b");
    put("hangs", AlertState::kResolved);
    put("a", AlertState::kResolved);
  };
  loop.step(milliseconds(0));
  EXPECT_EQ((std::vector<std::string>{"a+", "b+", "a-", "hangs?"}), channel.told);
  EXPECT_EQ(1u, loop.state().waiting);
  channel.told.clear();
  loop.step(milliseconds(0));
  // The newer transition, at once: what timed out is not told any more.
  EXPECT_EQ((std::vector<std::string>{"hangs?"}), channel.told);
  EXPECT_EQ(1u, loop.state().waiting);
}

}  // namespace
}  // namespace sluice
