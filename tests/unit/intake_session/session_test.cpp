#include "intake/session.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "support/ram_journal.h"
#include "unit/intake_session/fake_link.h"

namespace sluice {
namespace {

constexpr char kHeartbeat[] = "sluice/gw/heartbeat";

class SessionOf : public ::testing::Test {
 protected:
  void SetUp() override { make(1); }
  void make(std::uint64_t seed, FormerSession former = {}) {
    session_.reset();
    intake_.reset();
    journal_ = test::ram_journal(clock_);
    link_ = std::make_unique<test::FakeLink>(clock_);
    intake_ = std::make_unique<Intake>(*journal_, clock_, kHeartbeat, 65536, [] {});
    link_->report_to(*intake_);
    BrokerSettings settings;
    settings.client_id = "sluice-gw";
    session_ = std::make_unique<Session>(settings, std::vector<Subscription>{{"a/#", 1}, {"b/#", 2}},
                                         kHeartbeat, *link_, *intake_, clock_, log_, seed, std::move(former));
  }
  IntakeState state() const { return session_->status().state; }
  // Lets time pass as the runtime would: waits as long as tick() asks for, or until the link has news.
  void pass(std::int64_t ms) {
    for (std::int64_t end = clock_.now().boot_ms + ms; clock_.now().boot_ms < end;) {
      link_->run();
      auto wait = session_->tick(clock_.now(), fill_);
      EXPECT_GE(wait.count(), 1);
      clock_.pass_ms(std::min<std::int64_t>(wait.count(), step_ms_));
      journal_->release(journal_->last_seq());
    }
    link_->run();
    session_->tick(clock_.now(), fill_);
  }
  bool pass_until(const std::function<bool()>& condition, std::int64_t limit_ms = 300000) {
    for (std::int64_t end = clock_.now().boot_ms + limit_ms; clock_.now().boot_ms < end; pass(step_ms_)) {
      if (condition()) return true;
    }
    return condition();
  }
  bool up_and_granted() { return state() == IntakeState::kUp && session_->status().refused.empty(); }
  std::vector<RecordKind> kinds_after(std::uint64_t seq) {
    std::vector<RecordKind> kinds;
    for (const test::KeptRecord& record : test::read_all(*journal_, seq)) kinds.push_back(record.kind);
    return kinds;
  }

  FakeClock clock_{1700000000000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  double fill_ = 0;
  std::int64_t step_ms_ = 10;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<test::FakeLink> link_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Session> session_;
};

TEST_F(SessionOf, ConnectsSubscribesToAllFiltersAndTheHeartbeat) {
  pass(100);
  EXPECT_EQ(IntakeState::kUp, state());
  ASSERT_EQ(1u, link_->subscriptions.size());
  ASSERT_EQ(3u, link_->subscriptions[0].size());
  EXPECT_EQ("a/#", link_->subscriptions[0][0].filter);
  EXPECT_EQ(2, link_->subscriptions[0][1].qos);
  EXPECT_EQ(kHeartbeat, link_->subscriptions[0][2].filter);
  EXPECT_TRUE(session_->status().session_present);
  EXPECT_EQ(1u, session_->status().connects);
}

TEST_F(SessionOf, BeatsAtTheConfiguredRateAndMeasuresTheRoundTrip) {
  pass(10100);
  EXPECT_NEAR(20, link_->heartbeats, 2);
  ASSERT_TRUE(session_->status().round_trip.has_value());
  EXPECT_EQ(10000, session_->status().round_trip->count());
}

TEST_F(SessionOf, SubscribesAgainAtEachConnect) {
  pass(100);
  link_->lose("network");
  ASSERT_TRUE(pass_until([&] { return session_->status().connects == 2 && up_and_granted(); }));
  EXPECT_EQ(2u, link_->subscriptions.size());
  EXPECT_EQ(3u, link_->subscriptions[1].size());
}

TEST_F(SessionOf, LeavesTheFiltersOfAnEarlierLifeAfterSubscribing) {
  make(1, {true, {"old/#", "older/#"}});
  link_->delay_ms = 10;
  ASSERT_TRUE(pass_until([&] { return link_->unsubscriptions.size() == 1; }));
  EXPECT_FALSE(session_->status().former_left);
  link_->lose("network before the answer");
  ASSERT_TRUE(pass_until([&] { return session_->status().former_left; }));
  ASSERT_EQ(2u, link_->unsubscriptions.size());
  EXPECT_EQ((std::vector<std::string>{"old/#", "older/#"}), link_->unsubscriptions[1]);
  EXPECT_EQ(2u, link_->subscriptions.size());
  link_->lose("network");
  ASSERT_TRUE(pass_until([&] { return session_->status().connects == 3 && up_and_granted(); }));
  EXPECT_EQ(2u, link_->unsubscriptions.size());
}

TEST_F(SessionOf, HasNothingToLeaveInANewSession) {
  make(1, {false, {"old/#"}});
  link_->session_present = false;
  pass(100);
  EXPECT_TRUE(session_->status().former_left);
  EXPECT_TRUE(link_->unsubscriptions.empty());
}

TEST_F(SessionOf, TellsThatTheSessionOfAnEarlierLifeIsLost) {
  link_->session_present = false;
  pass(100);
  EXPECT_EQ(0u, session_->status().sessions_lost);
  make(1, {true, {}});
  link_->session_present = false;
  pass(100);
  EXPECT_EQ(1u, session_->status().sessions_lost);
}

TEST_F(SessionOf, SendsOneHeartbeatAtATimeBehindABacklog) {
  link_->delay_ms = 10;
  link_->returns_heartbeats = false;
  pass(4000);
  EXPECT_EQ(1, link_->heartbeats);
}

TEST_F(SessionOf, BacksOffWithinItsBounds) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    make(seed);
    link_->accepts = false;
    pass(20 * 60 * 1000);
    const auto& times = link_->connect_times;
    ASSERT_GE(times.size(), 20u);
    for (std::size_t i = 1; i < times.size(); ++i) {
      std::int64_t full = std::min<std::int64_t>(60000, 1000ll << std::min<std::size_t>(i - 1, 20));
      EXPECT_GE(times[i] - times[i - 1], full / 2) << "seed " << seed << " attempt " << i;
      EXPECT_LE(times[i] - times[i - 1], full + full / 5 + link_->delay_ms + 2 * step_ms_)
          << "seed " << seed << " attempt " << i;
    }
    step_ms_ = 50;
  }
}

TEST_F(SessionOf, ComesBackByItselfAfterDaysWithoutTheBroker) {
  pass(100);
  link_->accepts = false;
  link_->lose("network");
  step_ms_ = 1000;
  const std::int64_t days = 3;
  const std::uint64_t records = journal_->last_seq();
  pass(days * 24 * 3600 * 1000);
  EXPECT_GT(days * 24 * 3600 / 25, static_cast<std::int64_t>(link_->connect_times.size()));
  EXPECT_LT(days * 24 * 3600 / 75, static_cast<std::int64_t>(link_->connect_times.size()));
  EXPECT_GE(records + 1, journal_->last_seq()) << "nothing is written meanwhile";
  link_->accepts = true;
  link_->session_present = false;
  EXPECT_TRUE(pass_until([&] { return up_and_granted(); }, 75000));
  EXPECT_EQ(1u, session_->status().sessions_lost);
}

TEST_F(SessionOf, SaysWhyItIsDown) {
  link_->accepts = false;
  pass(100);
  EXPECT_EQ(IntakeState::kDown, state());
  EXPECT_EQ("refused", session_->status().detail);
}

TEST_F(SessionOf, StaysAwayLongerWhenTakenOver) {
  pass(100);
  link_->lose("taken over by another client with the same id");
  std::int64_t lost = clock_.now().boot_ms;
  ASSERT_TRUE(pass_until([&] { return link_->connect_times.size() == 2; }));
  EXPECT_GE(link_->connect_times[1] - lost, 30000);
  EXPECT_LE(link_->connect_times[1] - lost, 60000 + 50);
}

TEST_F(SessionOf, NamesTheTakeoverAndBacksOffWhenConnectionsKeepEndingSoon) {
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(pass_until([&] { return state() == IntakeState::kUp; }));
    link_->lose("connection lost");
    pass(20);
  }
  EXPECT_NE(std::string::npos, session_->status().detail.find("another client"));
  EXPECT_TRUE(session_->status().rival);
  EXPECT_GE(link_->connect_times.back() - link_->connect_times[link_->connect_times.size() - 2], 10000);
}

TEST_F(SessionOf, SuspectsNobodyWhenABrokerThatWasAwayFailsOnceMore) {
  pass(100);
  link_->accepts = false;
  link_->lose("connection lost");
  pass(600000);
  EXPECT_FALSE(session_->status().rival);
  link_->accepts = true;
  ASSERT_TRUE(pass_until([&] { return state() == IntakeState::kUp; }));
  link_->lose("connection lost");
  pass(20);
  EXPECT_FALSE(session_->status().rival);
}

TEST_F(SessionOf, KeepsTheGrantedFiltersAndAsksAgainForTheRefusedOnes) {
  link_->codes["b/#"] = 0x87;
  pass(100);
  EXPECT_EQ(IntakeState::kUp, state());
  EXPECT_EQ(std::vector<std::string>{"b/#"}, session_->status().refused);
  pass(59000);
  EXPECT_EQ(1u, link_->subscriptions.size());
  pass(2000);
  ASSERT_EQ(2u, link_->subscriptions.size());
  ASSERT_EQ(1u, link_->subscriptions[1].size());
  EXPECT_EQ("b/#", link_->subscriptions[1][0].filter);
  EXPECT_EQ(1u, session_->status().refused.size());
  link_->codes.clear();
  pass(61000);
  EXPECT_TRUE(up_and_granted());
  EXPECT_EQ(1u, session_->status().connects);
}

TEST_F(SessionOf, HoldsAboveHalfAndResumesBelowAQuarter) {
  pass(100);
  fill_ = 0.51;
  pass(100);
  EXPECT_EQ(IntakeState::kHeld, state());
  EXPECT_FALSE(link_->connected);
  fill_ = 0.26;
  pass(120000);
  EXPECT_EQ(IntakeState::kHeld, state());
  fill_ = 0.24;
  pass(100);
  EXPECT_EQ(IntakeState::kUp, state());
  EXPECT_EQ(2u, session_->status().connects);
}

TEST_F(SessionOf, HoldsAtOnceWhenIntakeSaysHighWater) {
  pass(100);
  fill_ = 0.4;
  intake_->set_high_water(true);
  pass(100);
  EXPECT_EQ(IntakeState::kHeld, state());
  fill_ = 0.1;
  pass(100);
  EXPECT_EQ(IntakeState::kUp, state());
  EXPECT_FALSE(intake_->high_water());
}

TEST_F(SessionOf, DoesNotConnectWhileTheStoreIsBehind) {
  fill_ = 0.9;
  pass(60000);
  EXPECT_EQ(0u, link_->connect_times.size());
  EXPECT_EQ(IntakeState::kHeld, state());
}

TEST_F(SessionOf, IsHeldEvenWhenTheDisconnectIsNeverAnswered) {
  pass(100);
  link_->answers = false;
  fill_ = 0.9;
  pass(6000);
  EXPECT_EQ(IntakeState::kHeld, state());
}

TEST_F(SessionOf, TakesAMissingHeartbeatForADeadConnection) {
  pass(1000);
  link_->answers = false;
  std::int64_t silent_from = clock_.now().boot_ms;
  ASSERT_TRUE(pass_until([&] { return state() != IntakeState::kUp; }));
  EXPECT_NEAR(10000, static_cast<double>(clock_.now().boot_ms - silent_from), 1000);
  link_->lose("closed");
  link_->answers = true;
  EXPECT_TRUE(pass_until([&] { return up_and_granted(); }));
}

TEST_F(SessionOf, TakesArrivingMessagesForASignOfLifeWhileABacklogDrains) {
  link_->returns_heartbeats = false;
  pass(100);
  ArrivedMessage m;
  m.topic = "a/x";
  m.payload = "1";
  m.qos = 1;
  for (int second = 0; second < 60; ++second) {
    intake_->on_message(m);
    pass(1000);
  }
  EXPECT_EQ(IntakeState::kUp, state());
  EXPECT_EQ(1u, session_->status().connects);
}

TEST_F(SessionOf, DoesNotBlameTheBrokerForTimeInWhichItDidNotRunItself) {
  pass(1000);
  clock_.pass_ms(15000);
  pass(1000);
  EXPECT_EQ(1u, session_->status().connects);
}

TEST_F(SessionOf, LivesWithABrokerThatNeverReturnsHeartbeats) {
  link_->returns_heartbeats = false;
  ASSERT_TRUE(pass_until([&] { return state() == IntakeState::kDown && session_->status().connects == 1; }));
  EXPECT_NE(std::string::npos,
            session_->status().detail.find("may the gateway read and write sluice/gw/heart"))
      << session_->status().detail;
  pass(10 * 60 * 1000);
  std::uint64_t connects = session_->status().connects;
  EXPECT_LE(connects, 3u);
  EXPECT_EQ(IntakeState::kUp, state());
  EXPECT_NE(std::string::npos, session_->status().detail.find("heartbeat"));
  EXPECT_TRUE(session_->status().starved);
  pass(60 * 60 * 1000);
  EXPECT_EQ(connects, session_->status().connects);
  link_->returns_heartbeats = true;
  pass(20000);
  EXPECT_FALSE(session_->status().starved);
  EXPECT_EQ("subscribed", session_->status().detail);
  link_->answers = false;
  pass(20000);
  EXPECT_NE(IntakeState::kUp, state());
}

TEST_F(SessionOf, SuspectsTheAccessListWhereNoHeartbeatEverComesBack) {
  link_->returns_heartbeats = false;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(pass_until([&] { return state() == IntakeState::kUp; }));
    link_->lose("connection lost");
    pass(20);
  }
  ASSERT_TRUE(
      pass_until([&] { return session_->status().detail.find("no heartbeat") != std::string::npos; }));
  EXPECT_FALSE(session_->status().rival) << "we have ended that connection ourselves";
  for (int i = 0; i < 4; ++i) {  // a broker may end a connection on which it denies something
    ASSERT_TRUE(pass_until([&] { return state() == IntakeState::kUp; }));
    link_->lose("connection lost");
    pass(20);
  }
  EXPECT_NE(std::string::npos,
            session_->status().detail.find("or may the gateway not write sluice/gw/heartbeat?"))
      << session_->status().detail;
}

TEST_F(SessionOf, EndsTheBacklogWhenTheBrokerRefusesTheHeartbeat) {
  link_->codes[kHeartbeat] = 0x87;
  link_->returns_heartbeats = false;
  pass(5000);
  std::uint64_t before = journal_->last_seq();
  pass(20000);
  EXPECT_EQ(before + 1, journal_->last_seq());
  EXPECT_EQ(IntakeState::kUp, state());
  EXPECT_EQ(1u, session_->status().connects);
}

TEST_F(SessionOf, StopsWithAProperDisconnect) {
  pass(100);
  session_->stop();
  EXPECT_FALSE(session_->stopped());
  pass(100);
  EXPECT_TRUE(session_->stopped());
  EXPECT_FALSE(link_->connected);
  pass(120000);
  EXPECT_EQ(1u, link_->connect_times.size());
}

TEST_F(SessionOf, StopsInEveryState) {
  for (int ms = 0; ms < 60; ms += 3) {
    for (double fill : {0.0, 0.9}) {
      make(1);
      step_ms_ = 1;
      fill_ = 0;
      pass(ms);
      fill_ = fill;
      pass(5);
      link_->answers = ms % 2 == 0;
      session_->stop();
      EXPECT_TRUE(pass_until([&] { return session_->stopped(); }, 10000)) << ms;
    }
  }
}

// Whatever the link did before: as soon as the broker behaves, we are connected and stay so.
TEST_F(SessionOf, EndsUpSubscribedWhateverTheLinkDidBefore) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    make(seed);
    step_ms_ = 100;
    std::mt19937 chaos(static_cast<std::mt19937::result_type>(seed));
    link_->chaos = &chaos;
    for (int i = 0; i < 100; ++i) {
      fill_ = chaos() % 3 == 0 ? 0.9 : 0.1;
      link_->accepts = chaos() % 3 != 0;
      link_->answers = chaos() % 5 != 0;
      link_->returns_heartbeats = chaos() % 5 != 0;
      link_->codes.clear();
      if (chaos() % 4 == 0) link_->codes["a/#"] = 0x80;
      pass(static_cast<std::int64_t>(chaos() % 5000));
    }
    link_->chaos = nullptr;
    link_->accepts = link_->answers = link_->returns_heartbeats = true;
    link_->codes.clear();
    fill_ = 0;
    ASSERT_TRUE(pass_until([&] { return up_and_granted(); }));
    pass(60000);  // what was still under way has been answered
    ASSERT_TRUE(pass_until([&] { return up_and_granted(); }));
    std::uint64_t connects = session_->status().connects;
    pass(600000);
    EXPECT_TRUE(up_and_granted());
    EXPECT_EQ(connects, session_->status().connects);
    for (std::size_t i = 1; i < link_->connect_times.size(); ++i) {
      ASSERT_LE(link_->connect_times[i] - link_->connect_times[i - 1], 1300000);
    }
  }
}

}  // namespace
}  // namespace sluice
