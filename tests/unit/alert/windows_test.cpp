// What windows hold: of a sensor that is slow, of one that says more than is remembered, and figures that are
// none.
#include <cmath>

#include "alert/sensor_history.h"
#include "unit/alert/alert_fold_fixture.h"

namespace sluice {
namespace {

class Windows : public AlertFoldOf {
 protected:
  static Rule over(Measure measure, std::int64_t window_ms, double limit) {
    Rule rule = above(limit);
    rule.measure = measure;
    rule.window = std::chrono::milliseconds(window_ms);
    return rule;
  }
};

TEST_F(Windows, OfASlowSensorAreJudgedWithItsNextReadingHoweverLate) {
  Rule rule = over(Measure::kMax, 60000, 28);
  rule.every = rule.window;
  start({rule});
  hear(30);
  pass(30 * 3600000ll);
  hear(20);
  EXPECT_EQ("+40000", said()) << "the end of its minute";
}

TEST_F(Windows, SayThatTheyAreCutWhenASensorSaysMoreThanIsRemembered) {
  settings_.window_samples = 20;
  Rule stuck = over(Measure::kSteady, 100000, 0);
  stuck.kind = ConditionKind::kInside;
  stuck.low = 100;
  stuck.high = HUGE_VAL;
  Rule small = over(Measure::kMean, 10000, 28);
  small.name = "small";
  start({stuck, small});
  for (int i = 0; i < 20; ++i, pass(1000)) hear(5);
  EXPECT_TRUE(fold_->cut_windows().empty());
  hear(5);
  ASSERT_EQ(1u, fold_->cut_windows().size());
  const CutWindow cut = fold_->cut_windows()[0];
  EXPECT_EQ("too-hot", cut.alert);
  EXPECT_EQ("s/1", cut.sensor);
  EXPECT_EQ(1u, cut.sensors);
  EXPECT_EQ(20000, cut.reach_ms);
  EXPECT_EQ(100000, cut.back_ms);
  EXPECT_EQ(105u, cut.needed);
  EXPECT_TRUE(fold_->cut_window(1, "too-hot"));
  EXPECT_FALSE(fold_->cut_window(1, "small"));
  EXPECT_FALSE(fold_->cut_window(1, "none"));
  for (int i = 0; i < 200; ++i, pass(1000)) hear(5);
  EXPECT_EQ("", said()) << "which is why it has to be said";
  settings_.window_samples = cut.needed;
  start({stuck, small});
  for (int i = 0; i < 200; ++i, pass(1000)) hear(5);
  EXPECT_TRUE(fold_->cut_windows().empty());
  EXPECT_NE("", said());
}

TEST_F(Windows, CountFiguresThatAreNoNumberAndFireForNone) {
  Rule noise = over(Measure::kStddev, 10000, 28);
  noise.name = "noise";
  start({over(Measure::kSum, 10000, 28), noise});
  fold_->on_reading({1, 0, time_.stream_ms, time_.stream_ms, 30}, time_);
  EXPECT_EQ("+0", said());
  pass(1000);
  hear(1.7e308);
  pass(1000);
  hear(1.7e308);
  EXPECT_EQ(3u, fold_->not_finite()) << "both deviations, and the last sum";
  for (const AlertEvent& event : fold_->take_events()) EXPECT_TRUE(std::isfinite(event.value));
  EXPECT_EQ(0u, fold_->firing());
  for (const RuleState& state : fold_->states()) EXPECT_TRUE(std::isfinite(state.value));
}

TEST_F(Windows, TakeTheMemoryThatIsWrittenInTheReadme) {
  for (const std::size_t max : {16u, 1000u, 5000u}) {
    SensorHistory history(1000000000, max);
    std::size_t most = 0;
    for (std::int64_t i = 0; i < 3 * static_cast<std::int64_t>(max); ++i) {
      history.add({i % 7 == 0 ? i - 3 : i, 1, i, 0});
      most = std::max(most, history.memory_bytes());
    }
    EXPECT_EQ(max, history.size());
    EXPECT_GE(27 * max + 16 * sizeof(Sample), most);
  }
}

TEST_F(Windows, OfMissingReadingsGoByArrivalWhateverTheClocksDo) {
  Rule gaps = above(0.5);
  gaps.kind = ConditionKind::kMissingRatio;
  gaps.window = std::chrono::seconds(10);
  start({gaps});
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
  SensorFacts facts{1, &name_, &unit_, &labels_};
  facts.every_ms = 1000;
  fold_->add_sensor(facts);
  fold_->restore({}, {}, time_);
  for (int i = 0; i < 200; ++i) {
    const std::int64_t ahead_ms = i / 20 % 2 * 3600000;  // a sensor whose clock is put forward, and back
    hear(20, -ahead_ms);
    pass(1000);
  }
  EXPECT_EQ("", said());
  pass(10000);
  EXPECT_EQ("+205000", said());
}

}  // namespace
}  // namespace sluice
