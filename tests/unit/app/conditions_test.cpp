#include <gtest/gtest.h>

#include "alert/gateway_alert_settings.h"
#include "app/condition_board.h"
#include "app/condition_watch.h"
#include "app/watchdog.h"
#include "support/ram_journal.h"

namespace sluice {
namespace {

class Conditions : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;
  // What main carries into the journal at this turn: "disk-full on: text".
  Lines carried() {
    vitals_.conditions.carry(*journal_);
    Lines lines;
    for (const test::KeptRecord& record : test::read_all(*journal_, seen_)) {
      seen_ = record.seq;
      const char* how = record.flags & kConditionPassing ? " passing"
                        : record.flags & kConditionOn    ? " on"
                                                         : " off";
      lines.push_back(record.topic + how + (record.payload.empty() ? "" : ": " + record.payload));
    }
    return lines;
  }
  Lines looked(const SessionStatus& session) {
    watch_.look(session, clock_.now());
    return carried();
  }
  static SessionStatus session(IntakeState state, const std::string& detail = "") {
    SessionStatus status;
    status.state = state;
    status.detail = detail;
    return status;
  }

  FakeClock clock_{1700000000000};
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_, 64 * 1024);
  Vitals vitals_;
  ConditionBoard& board_ = vitals_.conditions;
  ConditionWatch watch_{vitals_};
  std::uint64_t seen_ = 0;
};

TEST_F(Conditions, AreCarriedWhenTheyChangeOnly) {
  for (int i = 0; i < 3; ++i) board_.set("disk-full", true, "state");
  EXPECT_EQ(Lines{"disk-full on: state"}, carried());
  board_.set("disk-full", true, "other words");
  EXPECT_EQ(Lines{}, carried());
  board_.set("disk-full", false);
  EXPECT_EQ(Lines{"disk-full off: other words"}, carried());
  board_.set("store-failing", true);
  board_.set("store-failing", false);
  EXPECT_EQ(Lines{}, carried()) << "over before anybody looked";
}

TEST_F(Conditions, ThatHappenAreCarriedOnceForEachTime) {
  board_.happened("session-lost", "a");
  EXPECT_EQ(Lines{"session-lost passing: a"}, carried());
  EXPECT_EQ(Lines{}, carried());
  board_.happened("session-lost", "b");
  EXPECT_EQ(Lines{"session-lost passing: b"}, carried());
}

TEST_F(Conditions, ThatHappenedAreOverWhenSomebodySaysSo) {
  board_.is_over("reload-failed");
  EXPECT_EQ(Lines{"reload-failed off"}, carried());
  EXPECT_EQ(Lines{}, carried());
  board_.is_over("reload-failed");
  board_.happened("reload-failed", "again");
  EXPECT_EQ(Lines{"reload-failed passing: again"}, carried());
  EXPECT_EQ(Lines{}, carried());
}

TEST_F(Conditions, GoOnAfterARestartWhereTheyStood) {
  board_.set("disk-full", false);
  board_.begin({"disk-full", "taken-over"});
  EXPECT_EQ(Lines{"disk-full off"}, carried()) << "it is over since";
  board_.set("taken-over", true, "still");
  EXPECT_EQ(Lines{}, carried()) << "it was told before the restart";
  board_.set("taken-over", false);
  EXPECT_EQ(1u, carried().size());
}

TEST_F(Conditions, WaitForRoomInTheJournal) {
  const std::string payload(1000, 'x');
  while (journal_->append({RecordKind::kMessage, 0, 0, "t", payload}).ok()) seen_ = journal_->last_seq();
  while (journal_->append({RecordKind::kMessage, 0, 0, "t", ""}).ok()) seen_ = journal_->last_seq();
  board_.set("journal-full", true);
  board_.happened("session-lost", "");
  EXPECT_EQ(Lines{}, carried());
  journal_->release(seen_);
  EXPECT_EQ((Lines{"journal-full on", "session-lost passing"}), carried());
}

TEST_F(Conditions, AreAsShortAsARecordMayBe) {
  board_.set("store-failing", true, std::string(100000, 'x'));
  ASSERT_EQ(1u, carried().size());
  EXPECT_GT(1000u, journal_->used_bytes());
}

TEST_F(Conditions, TellOfTheConnection) {
  EXPECT_EQ(Lines{"broker-down on: refused"}, looked(session(IntakeState::kDown, "refused")));
  EXPECT_EQ(Lines{}, looked(session(IntakeState::kConnecting, "connecting")));
  EXPECT_EQ(1u, looked(session(IntakeState::kUp)).size());
  EXPECT_EQ(Lines{"journal-full on"}, looked(session(IntakeState::kHolding)));
  EXPECT_EQ(Lines{}, looked(session(IntakeState::kHeld)));
  EXPECT_EQ(Lines{"journal-full off"}, looked(session(IntakeState::kUp)));
  SessionStatus refused = session(IntakeState::kUp);
  refused.refused = {"a/#", "b/#"};
  EXPECT_EQ(Lines{"subscription-refused on: a/#, b/#"}, looked(refused));
  EXPECT_EQ(1u, looked(session(IntakeState::kUp)).size());
}

TEST_F(Conditions, TellOfEachSessionThatTheBrokerForgot) {
  SessionStatus status = session(IntakeState::kUp);
  (void)looked(status);
  for (int i = 0; i < 2; ++i) {
    ++status.sessions_lost;
    EXPECT_EQ(1u, looked(status).size());
    EXPECT_EQ(Lines{}, looked(status));
  }
}

TEST_F(Conditions, TellOfARivalUntilItHasBeenAwayForTwoMinutes) {
  (void)looked(session(IntakeState::kUp));
  SessionStatus taken = session(IntakeState::kDown, "taken over by another client");
  taken.rival = true;
  EXPECT_EQ(
      (Lines{"broker-down on: taken over by another client", "taken-over on: taken over by another client"}),
      looked(taken));
  clock_.pass_ms(60000);
  EXPECT_EQ(1u, looked(session(IntakeState::kUp)).size()) << "only the connection is well again";
  clock_.pass_ms(59999);
  EXPECT_EQ(Lines{}, looked(session(IntakeState::kUp)));
  clock_.pass_ms(1);
  EXPECT_EQ(1u, looked(session(IntakeState::kUp)).size());
}

TEST_F(Conditions, TellOfAnUnsetClockOnceTheEngineKnows) {
  EXPECT_EQ(Lines{}, looked(session(IntakeState::kUp)));
  vitals_.records = 1;
  EXPECT_EQ(Lines{"clock-unset on"}, looked(session(IntakeState::kUp)));
  vitals_.clock_trusted = true;
  EXPECT_EQ(Lines{"clock-unset off"}, looked(session(IntakeState::kUp)));
}

class AWatchdog : public ::testing::Test {
 protected:
  bool after(std::int64_t ms, std::uint64_t engine, std::uint64_t store) {
    clock_.pass_ms(ms);
    return dog_.makes_progress(engine, store, clock_.now());
  }
  FakeClock clock_{1700000000000};
  Watchdog dog_{clock_.now()};
};

TEST_F(AWatchdog, MissesAnEngineThatStandsStillForTenSeconds) {
  EXPECT_TRUE(after(9999, 0, 0));
  EXPECT_FALSE(after(1, 0, 1));
  EXPECT_NE(std::string::npos, dog_.stuck().find("engine"));
  EXPECT_TRUE(after(1, 1, 1)) << "it moves again";
  EXPECT_EQ("", dog_.stuck());
}

TEST_F(AWatchdog, GivesASlowDiskTenMinutes) {
  for (std::uint64_t second = 1; second < 600; ++second) ASSERT_TRUE(after(1000, second, 0)) << second;
  EXPECT_FALSE(after(1000, 600, 0));
  EXPECT_NE(std::string::npos, dog_.stuck().find("disk"));
  EXPECT_TRUE(after(1000, 601, 1));
}

}  // namespace
}  // namespace sluice
