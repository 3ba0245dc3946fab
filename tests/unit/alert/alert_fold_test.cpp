#include "alert/alert_fold.h"

#include <gtest/gtest.h>

#include "decode/topic_filter.h"

namespace sluice {
namespace {

constexpr std::int64_t kWall = 1700000000000;

class AlertFoldOf : public ::testing::Test {
 protected:
  void SetUp() override {
    time_.stream_ms = kWall;
    time_.connected = true;
  }

  static Rule above(double limit) {
    Rule rule;
    rule.name = "too-hot";
    rule.sensor = "s/#";
    rule.kind = ConditionKind::kAbove;
    rule.high = limit;
    rule.message = "{sensor}";
    return rule;
  }
  static Rule silent(std::int64_t ms) {
    Rule rule;
    rule.name = "silent";
    rule.sensor = "s/#";
    rule.kind = ConditionKind::kSilentFor;
    rule.silent_for = std::chrono::milliseconds(ms);
    return rule;
  }

  void start(std::vector<Rule> rules) {
    settings_.gateway = "gw";
    settings_.rules = std::move(rules);
    restart();
  }
  // A new process that finds what the old one stored.
  void restart() {
    std::vector<RuleState> states = fold_ ? fold_->states() : std::vector<RuleState>{};
    fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
    fold_->add_sensor({1, &name_, &unit_, &labels_}, last_.id ? &last_ : nullptr);
    fold_->restore(states, {}, time_, standing_);
  }
  // What was told since the last time; what stands is kept as a store would.
  std::vector<AlertEvent> events() {
    std::vector<AlertEvent> events = fold_->take_events();
    for (const AlertEvent& event : events) {
      std::erase_if(standing_, [&](const AlertEvent& old) { return old.alert == event.alert; });
      if (event.state != AlertState::kFiring) continue;
      standing_.push_back(event);
      std::vector<std::string>& channels = standing_.back().channels;
      channels.insert(channels.end(), event.formerly.begin(), event.formerly.end());
    }
    return events;
  }
  static std::string names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text += name + ' ';
    return text;
  }
  void pass(std::int64_t ms) {
    time_.stream_ms += ms;
    if (time_.connected) time_.subscribed_ms += ms;
    fold_->advance(time_);
  }
  void hear(double value, std::int64_t age_ms = 0, std::uint32_t flags = kPayloadTime) {
    Reading reading{1, flags, time_.stream_ms - age_ms, time_.stream_ms, value};
    fold_->on_reading(reading, time_);
    last_ = {1,
             std::max(last_.time_ms, reading.time_ms),
             value,
             flags,
             age_ms,
             reading.arrival_ms,
             time_.subscribed_ms};
  }
  // "+500" a firing told of at 500 ms since the start, "-" resolved, "q" quiet, "s" standing.
  std::string said() {
    std::string text;
    for (const AlertEvent& event : fold_->take_events()) {
      if (!text.empty()) text += ' ';
      text += event.state == AlertState::kFiring ? '+' : '-';
      if (event.flags & kQuiet) text += 'q';
      if (event.flags & kStanding) text += 's';
      if (event.flags & kRuleRemoved) text += 'r';
      text += std::to_string(event.at_ms - kWall);
    }
    return text;
  }

  AlertSettings settings_;
  FoldTime time_;
  std::unique_ptr<AlertFold> fold_;
  std::string name_ = "s/1";
  std::string unit_ = "°C";
  std::map<std::string, std::string> labels_;
  SensorLast last_;
  std::vector<AlertEvent> standing_;
};

TEST_F(AlertFoldOf, FiresAboveTheLimitAndResolvesAtOrBelowClear) {
  Rule rule = above(28);
  rule.clear = 27;
  start({rule});
  for (double value : {28.0, 28.1, 29.0, 27.5, 27.0, 27.5, 30.0}) {
    pass(100);
    hear(value);
  }
  EXPECT_EQ("+200 -500 +700", said());
}

TEST_F(AlertFoldOf, EndsTheAlertOfARuleThatWentUnderTheLabelsThatItStandsWith) {
  Rule rule = above(28);
  rule.severity = "critical";
  rule.labels = {{"team", "ops"}};
  rule.notify = {"mqtt", "pager"};
  start({rule});
  hear(29);
  const std::vector<AlertEvent> told = fold_->take_events();
  ASSERT_EQ(1u, told.size());
  const std::vector<RuleState> states = fold_->states();
  settings_.rules = {above(30)};
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
  fold_->add_sensor({1, &name_, &unit_, &labels_}, &last_);
  fold_->restore(states, {}, time_, told);
  const std::vector<AlertEvent> ended = fold_->take_events();
  ASSERT_EQ(1u, ended.size());
  EXPECT_EQ(told[0].id, ended[0].id);
  EXPECT_EQ(kRuleRemoved, ended[0].flags);
  EXPECT_EQ("critical", ended[0].severity);
  EXPECT_EQ(28, ended[0].threshold);
  EXPECT_EQ(told[0].labels, ended[0].labels);
  EXPECT_EQ("ops", ended[0].labels.at("team"));
  EXPECT_EQ(told[0].channels, ended[0].channels);
}

TEST_F(AlertFoldOf, TreatsInsideAsClosedAndOutsideAsOpen) {
  Rule inside = above(0);
  inside.kind = ConditionKind::kInside;
  inside.low = 1;
  inside.high = 2;
  Rule outside = inside;
  outside.name = "outside";
  outside.kind = ConditionKind::kOutside;
  start({inside, outside});
  hear(1);
  EXPECT_EQ("+0", said());
  pass(1);
  hear(2.5);
  EXPECT_EQ("-1 +1", said());
  pass(1);
  hear(2);
  EXPECT_EQ("+2 -2", said());
}

TEST_F(AlertFoldOf, KeepsSilentWhileASilenceMatchesAndTellsOfWhatStandsAfterIt) {
  labels_["site"] = "berlin";
  start({above(28)});
  Silence silence;
  silence.id = 7;
  silence.sensor = "s/+";
  silence.labels["site"] = "berlin";
  silence.until_ms = kWall + 1000;
  fold_->on_silence(silence);
  hear(30);
  EXPECT_EQ("+q0", said());
  pass(5000);
  EXPECT_EQ("+s1000", said());
  std::vector<SilenceChange> changes = fold_->take_silences();
  ASSERT_EQ(2u, changes.size());
  EXPECT_TRUE(changes[1].ended);
  hear(20);
  EXPECT_EQ("-5000", said());
}

TEST_F(AlertFoldOf, EndsASilenceWhenAskedTo) {
  start({above(28)});
  Silence silence;
  silence.id = 7;
  silence.alert = "too-hot";
  silence.until_ms = kWall + 100000;
  fold_->on_silence(silence);
  hear(30);
  pass(10);
  fold_->on_unsilence(8, time_);
  EXPECT_EQ("+q0", said());
  fold_->on_unsilence(7, time_);
  EXPECT_EQ("+s10", said());
}

TEST_F(AlertFoldOf, TellsOfAnAlertAgainAtItsInterval) {
  Rule rule = above(28);
  rule.repeat = std::chrono::milliseconds(1000);
  start({rule});
  hear(30);
  pass(999);
  EXPECT_EQ("+0", said());
  EXPECT_EQ(kWall + 1000, fold_->next_deadline_stream_ms(time_));
  pass(1);
  EXPECT_EQ("+1000", said());
  pass(3500);
  EXPECT_EQ("+4000", said()) << "once for what was missed";
}

TEST_F(AlertFoldOf, TakesAReadingFromBeforeTheClockWasSetQuietlyUnlessAsked) {
  Rule asked = above(28);
  asked.name = "asked";
  asked.accept = kClockUnset;
  start({above(28), asked});
  time_.clock_trusted = false;
  hear(30, 0, kClockUnset);
  EXPECT_EQ("+q0 +0", said());
  fold_->on_clock_trusted(time_);
  EXPECT_EQ("+s0", said());
}

TEST_F(AlertFoldOf, AwaitsASensorThatIsNamedButWasNeverHeard) {
  settings_.gateway = "gw";
  settings_.rules = {silent(1000)};
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
  SensorFacts facts{1, &name_, &unit_, &labels_};
  facts.registered = true;
  fold_->add_sensor(facts);
  fold_->restore({}, {}, time_);
  pass(1000);
  EXPECT_EQ("+1000", said());
}

TEST_F(AlertFoldOf, WaitsForTheConditionToHold) {
  Rule rule = above(28);
  rule.hold = std::chrono::milliseconds(1000);
  start({rule});
  hear(29);
  pass(500);
  hear(27);
  pass(100);
  hear(29);  // 600
  pass(999);
  EXPECT_EQ("", said());
  pass(5000);
  EXPECT_EQ("+1600", said());
}

TEST_F(AlertFoldOf, GivesABacklogTheSameTimesAsLiveDelivery) {
  Rule rule = above(28);
  rule.hold = std::chrono::milliseconds(1000);
  start({rule});
  pass(10000);
  hear(29, 10000);
  hear(27, 5000);  // no time has passed here, but for the sensor
  EXPECT_EQ("+1000 -5000", said());
}

TEST_F(AlertFoldOf, MovesQuietlyForOldReadingsAndTellsOnceOfWhatStands) {
  start({above(28)});
  settings_.max_age = std::chrono::minutes(10);
  pass(3600000);
  hear(30, 3000000);
  hear(20, 2000000);
  hear(30, 1000000);
  EXPECT_EQ("+q600000 -q1600000 +q2600000", said());
  fold_->on_backlog_end(time_);
  EXPECT_EQ("+s3600000", said());
  fold_->on_backlog_end(time_);
  hear(31);
  EXPECT_EQ("", said());
  hear(20);
  EXPECT_EQ("-3600000", said());
}

TEST_F(AlertFoldOf, SaysWhatKeepsAnAlertBack) {
  start({above(28)});
  pass(1000);
  hear(29, 3600000);
  ASSERT_EQ(1u, fold_->kept_back().size());
  EXPECT_EQ("told nobody: its newest reading is older than alerting.max_age", fold_->kept_back()[0].note);
  EXPECT_EQ("too-hot", fold_->kept_back()[0].event.alert);
  hear(30);
  EXPECT_TRUE(fold_->kept_back().empty());
  Silence silence;
  silence.id = 354;
  silence.until_ms = kWall + 3600000;
  fold_->on_silence(silence);
  ASSERT_EQ(1u, fold_->kept_back().size());
  EXPECT_EQ("silenced by 354", fold_->kept_back()[0].note);
  EXPECT_EQ(std::uint32_t{kSilenced}, fold_->kept_back()[0].event.flags) << "it was told before";
  hear(20);
  EXPECT_TRUE(fold_->kept_back().empty());
}

TEST_F(AlertFoldOf, IgnoresOutOfOrderRetainedAndDuplicateReadings) {
  start({above(28)});
  pass(1000);
  hear(20);
  hear(30, 500);
  hear(30, 0, kRetained);
  hear(30, 0, kDuplicate);
  EXPECT_EQ("", said());
}

TEST_F(AlertFoldOf, FollowsReadingsWithoutTimeAfterTheClockWasSetBack) {
  start({above(28)});
  hear(20, 0, 0);
  fold_->on_reading({1, 0, kWall - 3600000, kWall - 3600000, 30}, time_);
  EXPECT_EQ("+-3600000", said());
}

TEST_F(AlertFoldOf, CountsSilenceOnlyWhileSubscribed) {
  start({silent(1000)});
  hear(20);
  pass(600);
  time_.connected = false;
  pass(100000);
  EXPECT_EQ("", said());
  time_.connected = true;
  pass(399);
  EXPECT_EQ("", said());
  pass(601);
  EXPECT_EQ("+101000", said());
  hear(20);
  EXPECT_EQ("-101600", said());
  pass(999);
  hear(20);
  pass(999);
  EXPECT_EQ("", said());
  pass(1);
  EXPECT_EQ("+103599", said());
}

TEST_F(AlertFoldOf, NeitherFiresAgainNorForgetsToResolveOverARestart) {
  Rule held = above(28);
  held.name = "held";
  held.hold = std::chrono::milliseconds(1000);
  start({above(28), held, silent(5000)});
  hear(29);
  pass(400);
  EXPECT_EQ("+0", said());
  restart();
  EXPECT_EQ("", said());
  pass(600);
  EXPECT_EQ("+1000", said());
  restart();
  pass(4000);
  EXPECT_EQ("+5000", said());
  restart();
  hear(20);
  EXPECT_EQ("-5000 -5000 -5000", said());
}

TEST_F(AlertFoldOf, ResolvesWhatARemovedOrChangedRuleLeftFiring) {
  start({above(28)});
  hear(29);
  EXPECT_EQ("+0", said());
  settings_.rules = {above(30)};
  settings_.channels = {"mqtt", "ops"};
  restart();
  const std::vector<AlertEvent> ended = fold_->take_events();
  ASSERT_EQ(1u, ended.size());
  EXPECT_EQ(kRuleRemoved, ended[0].flags);
  EXPECT_EQ(AlertState::kResolved, ended[0].state);
  EXPECT_EQ(settings_.channels, ended[0].channels) << "it is not known whom it was told to";
}

TEST_F(AlertFoldOf, TellsTheEndToWhomTheAlertWasToldWhateverItsRuleSaysNow) {
  Rule rule = above(28);
  rule.repeat = std::chrono::milliseconds(1000);
  rule.notify = {"mqtt", "pager"};
  start({rule});
  hear(29);
  EXPECT_EQ("mqtt pager ", names(events().at(0).channels));
  settings_.rules[0].notify = {"mqtt", "mail"};
  restart();
  EXPECT_EQ("pager ", names(fold_->standing().at(0).formerly)) << "it stands there as well";
  pass(1000);
  const AlertEvent again = events().at(0);
  EXPECT_EQ("mqtt mail ", names(again.channels)) << "the pager was taken out of the rule";
  settings_.rules[0].notify = {"mqtt"};
  restart();
  hear(27);
  EXPECT_EQ("mqtt mail pager ", names(events().at(0).channels));
  hear(29);
  EXPECT_EQ("mqtt ", names(events().at(0).channels)) << "another alert";
  hear(27);
  EXPECT_EQ("mqtt ", names(events().at(0).channels));
}

TEST_F(AlertFoldOf, SaysThatAnAlertBeganUnderAnUnsetClockAsLongAsItStands) {
  Rule rule = above(28);
  rule.repeat = std::chrono::milliseconds(1000);
  start({rule});
  time_.clock_trusted = false;
  hear(30, 0, kClockUnset);
  EXPECT_EQ(kQuiet | kClockWasUnset, events().at(0).flags);
  time_.clock_trusted = true;
  fold_->on_clock_trusted(time_);
  EXPECT_EQ(kStanding | kClockWasUnset, events().at(0).flags);
  restart();
  EXPECT_EQ(kClockWasUnset, fold_->standing().at(0).flags);
  pass(1000);
  EXPECT_EQ(kRepeated | kClockWasUnset, events().at(0).flags);
  hear(27);
  EXPECT_EQ(kClockWasUnset, events().at(0).flags);
  hear(30);
  EXPECT_EQ(0u, events().at(0).flags) << "another alert";
}

TEST_F(AlertFoldOf, KeepsOneStateAPairHoweverOftenItMoves) {
  Rule rule = above(28);
  rule.hold = std::chrono::hours(1);
  start({rule});
  for (int i = 0; i < 1000; ++i) {
    hear(i % 2 ? 29 : 27);
    pass(1000);
  }
  EXPECT_EQ(1u, fold_->take_changed().size());
  EXPECT_EQ("", said());
}

}  // namespace
}  // namespace sluice
