#include "unit/alert/alert_fold_fixture.h"

namespace sluice {
namespace {

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

TEST_F(AlertFoldOf, EndsTheAlertsOfASensorThatTheConfigurationBringsNoMore) {
  start({above(28), silent(5000)});
  hear(29);
  EXPECT_EQ("+0", said());
  const std::vector<RuleState> states = fold_->states();
  SensorFacts facts{1, &name_, &unit_, &labels_};
  facts.expected = false;
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
  fold_->add_sensor(facts);
  fold_->restore(states, {}, time_, standing_);
  const std::vector<AlertEvent> ended = fold_->take_events();
  ASSERT_EQ(1u, ended.size());
  EXPECT_EQ(kRuleRemoved, ended[0].flags);
  EXPECT_EQ(AlertState::kResolved, ended[0].state);
  EXPECT_EQ(0u, fold_->firing());
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

}  // namespace
}  // namespace sluice
