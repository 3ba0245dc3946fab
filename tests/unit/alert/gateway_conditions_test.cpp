#include "alert/gateway_conditions.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

constexpr std::int64_t kWall = 1'700'000'000'000;

class GatewayAlerts : public ::testing::Test {
 protected:
  GatewayConditions fresh() const { return GatewayConditions("gw", settings_); }
  static FoldTime at(std::int64_t ms) { return FoldTime{ms, ms, kWall, true, false}; }
  static void say(GatewayConditions& fold, const char* name, int flags, std::int64_t ms,
                  const char* text = "") {
    JournalRecord record;
    record.kind = RecordKind::kGatewayCondition;
    record.topic = name;
    record.payload = text;
    record.flags = static_cast<std::uint8_t>(flags);
    fold.advance(at(ms));
    fold.on_record(record, at(ms));
  }
  static std::vector<std::string> told(GatewayConditions& fold) {
    std::vector<std::string> lines;
    for (const AlertEvent& event : fold.take_events()) {
      lines.push_back(event.alert + (event.state == AlertState::kFiring ? " fires " : " resolves ") +
                      std::to_string(event.at_ms - kWall));
    }
    return lines;
  }
  using Lines = std::vector<std::string>;
  GatewayAlertSettings settings_;
};

TEST_F(GatewayAlerts, FireAtOnceAndResolveWhenTheyAreOver) {
  GatewayConditions fold = fresh();
  say(fold, "disk-full", kConditionOn, 1000, "/var/lib/sluice");
  std::vector<AlertEvent> events = fold.take_events();
  ASSERT_EQ(1u, events.size());
  EXPECT_EQ("$gateway", events[0].sensor);
  EXPECT_EQ("critical", events[0].severity);
  EXPECT_EQ("no space is left for the database: /var/lib/sluice", events[0].message);
  EXPECT_EQ(alert_id("gw", "disk-full", "$gateway", kWall + 1000), events[0].id);
  say(fold, "disk-full", kConditionOn, 2000);
  EXPECT_EQ(Lines{}, told(fold)) << "it stands already";
  say(fold, "disk-full", 0, 3000);
  EXPECT_EQ(Lines{"disk-full resolves 3000"}, told(fold));
  EXPECT_EQ(0u, fold.firing());
}

TEST_F(GatewayAlerts, WaitForTheirHoldTime) {
  settings_.hold["broker-down"] = std::chrono::seconds(5);
  GatewayConditions fold = fresh();
  say(fold, "broker-down", kConditionOn, 1000);
  EXPECT_EQ(6000, fold.next_deadline_stream_ms().value());
  say(fold, "broker-down", 0, 5999);
  EXPECT_EQ(Lines{}, told(fold));
  say(fold, "broker-down", kConditionOn, 10000);
  fold.advance(at(99999));
  EXPECT_EQ(Lines{"broker-down fires 15000"}, told(fold)) << "at the deadline, not when it was looked at";
}

TEST_F(GatewayAlerts, ThatHappenedOnceResolveByThemselves) {
  GatewayConditions fold = fresh();
  say(fold, "session-lost", kConditionPassing, 1000);
  say(fold, "session-lost", kConditionPassing, 2000);
  EXPECT_EQ(Lines{"session-lost fires 1000"}, told(fold));
  EXPECT_TRUE(fold.on().empty());
  fold.advance(at(2000 + kPassingFor.count()));
  EXPECT_EQ(Lines{"session-lost resolves " + std::to_string(2000 + kPassingFor.count())}, told(fold));
  EXPECT_FALSE(fold.next_deadline_stream_ms().has_value());
}

TEST_F(GatewayAlerts, ThatHappenedOnceResolveEarlyWhenTheyArePutRight) {
  GatewayConditions fold = fresh();
  say(fold, "reload-failed", kConditionPassing, 1000);
  say(fold, "reload-failed", 0, 2000);
  EXPECT_EQ((Lines{"reload-failed fires 1000", "reload-failed resolves 2000"}), told(fold));
  EXPECT_FALSE(fold.next_deadline_stream_ms().has_value());
}

TEST_F(GatewayAlerts, GoOnWhereTheyStoodAfterARestart) {
  settings_.hold["broker-down"] = std::chrono::seconds(5);
  GatewayConditions before = fresh();
  say(before, "disk-full", kConditionOn, 1000, "text");
  say(before, "broker-down", kConditionOn, 2000);
  say(before, "session-lost", kConditionPassing, 3000);
  std::vector<AlertEvent> standing = before.standing();
  GatewayConditions after = fresh();
  after.restore(before.take_changed(), at(4000));
  EXPECT_EQ(Lines{}, told(after));
  ASSERT_EQ(standing.size(), after.standing().size());
  for (std::size_t i = 0; i < standing.size(); ++i) {
    EXPECT_EQ(standing[i].id, after.standing()[i].id);
    EXPECT_EQ(standing[i].message, after.standing()[i].message);
  }
  EXPECT_EQ((std::vector<std::string>{"broker-down", "disk-full"}), after.on());
  after.advance(at(3000 + kPassingFor.count()));
  EXPECT_EQ((Lines{"broker-down fires 7000",
                   "session-lost resolves " + std::to_string(3000 + kPassingFor.count())}),
            told(after));
}

TEST_F(GatewayAlerts, ThatAreSwitchedOffEndAndStayAway) {
  GatewayConditions before = fresh();
  say(before, "disk-full", kConditionOn, 1000);
  settings_.off = {"disk-full"};
  GatewayConditions after = fresh();
  after.restore(before.states(), at(4000));
  EXPECT_EQ(Lines{"disk-full resolves 4000"}, told(after));
  ASSERT_EQ(1u, after.take_changed().size());
  say(after, "disk-full", kConditionOn, 5000);
  EXPECT_EQ(Lines{}, told(after));
}

TEST_F(GatewayAlerts, EndForThoseWhoWereToldAlsoWhenOthersAreTodayOrThatAreSwitchedOff) {
  settings_.notify = {"mqtt", "pager"};
  GatewayConditions before = fresh();
  say(before, "disk-full", kConditionOn, 1000);
  const std::vector<AlertEvent> standing = before.take_events();
  settings_.notify = {"mqtt"};
  GatewayConditions after = fresh();
  after.restore(before.states(), at(4000), standing);
  EXPECT_EQ(std::vector<std::string>{"pager"}, after.standing().at(0).formerly);
  say(after, "disk-full", 0, 5000);
  EXPECT_EQ((std::vector<std::string>{"mqtt", "pager"}), after.take_events().at(0).channels);
  settings_.off = {"disk-full"};
  GatewayConditions off = fresh();
  off.restore(before.states(), at(4000), standing);
  EXPECT_EQ((std::vector<std::string>{"mqtt", "pager"}), off.take_events().at(0).channels);
}

TEST_F(GatewayAlerts, SayThatTheyBeganUnderAnUnsetClockAsLongAsTheyStand) {
  GatewayConditions before = fresh();
  JournalRecord record;
  record.kind = RecordKind::kGatewayCondition;
  record.topic = "disk-full";
  record.flags = kConditionOn;
  FoldTime unset = at(1000);
  unset.clock_trusted = false;
  before.on_record(record, unset);
  const std::vector<AlertEvent> standing = before.take_events();
  EXPECT_EQ(kClockWasUnset, standing.at(0).flags);
  GatewayConditions after = fresh();
  after.restore(before.states(), at(4000), standing);
  EXPECT_EQ(kClockWasUnset, after.standing().at(0).flags);
  say(after, "disk-full", 0, 5000);
  EXPECT_EQ(kClockWasUnset, after.take_events().at(0).flags);
}

}  // namespace
}  // namespace sluice
