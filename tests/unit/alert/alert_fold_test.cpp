#include "unit/alert/alert_fold_fixture.h"

namespace sluice {
namespace {

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
