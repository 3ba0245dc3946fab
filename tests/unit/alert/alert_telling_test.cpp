// Who is told of what, and as of which level.
#include "unit/alert/alert_fold_fixture.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AlertTelling : public AlertFoldOf {
 protected:
  static Rule ladder() {
    Rule rule = above(28);
    rule.levels = {{"warning", 28, {}}, {"critical", 32, {}}};
    return rule;
  }
  void silence(std::int64_t ms) {
    Silence silence;
    silence.id = 1;
    silence.until_ms = kWall + ms;
    fold_->on_silence(silence);
  }
  // "+critical@1000 29/28" at 1000 ms, the value and the threshold; "-" resolved, "q" quiet, "r" retained.
  std::string told() {
    std::string text;
    for (const AlertEvent& event : events()) text += (text.empty() ? "" : ", ") + text_of(event);
    return text;
  }
  static std::string text_of(const AlertEvent& event) {
    char line[80];
    std::snprintf(line, sizeof line, "%s%s%s@%lld %g/%g", event.state == AlertState::kFiring ? "+" : "-",
                  event.severity.c_str(),
                  event.flags & kQuiet          ? "q"
                  : event.flags & kFromRetained ? "r"
                                                : "",
                  static_cast<long long>(event.at_ms - kWall), event.value, event.threshold);
    return line;
  }
};

TEST_F(AlertTelling, WhatIsSilentSinceALateReadingIsToldWhenASilenceEnds) {
  start({silent(5000)});
  settings_.max_age = seconds(60);
  restart();
  hear(20, 3600000);
  silence(10000);
  pass(5000);
  EXPECT_EQ("+warningq@5000 20/5", told());
  pass(5000);
  EXPECT_EQ("+warning@10000 20/5", told()) << "how old the last reading was says nothing of the silence";
}

TEST_F(AlertTelling, WhatIsMissingSinceAQueuedReadingIsToldWhenASilenceEnds) {
  Rule gaps = silent(0);
  gaps.kind = ConditionKind::kMissingRatio;
  gaps.high = 0.5;
  gaps.window = seconds(10);
  settings_.gateway = "gw";
  settings_.rules = {gaps};
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches);
  SensorFacts facts{1, &name_, &unit_, &labels_};
  facts.every_ms = 1000;
  fold_->add_sensor(facts);
  fold_->restore({}, {}, time_);
  hear(20, 0, kQueued);
  silence(30000);
  pass(20000);
  EXPECT_EQ("+warningq@10000 1/0.5", told());
  ASSERT_EQ(1u, fold_->kept_back().size());
  EXPECT_EQ(kSilenced | kQuiet, fold_->kept_back()[0].event.flags) << "and nothing else keeps it back";
  pass(10000);
  EXPECT_EQ("+warning@30000 1/0.5", told());
}

TEST_F(AlertTelling, WhatIsSilentSinceALateReadingIsToldWhenMutedHoursEnd) {
  Rule rule = silent(60000);
  rule.mute = {{0x7f, 22 * 60 + 13, 22 * 60 + 20}};  // kWall is 22:13:20
  settings_.gateway = "gw";
  settings_.rules = {rule};
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches, Calendar::load("UTC").value());
  fold_->add_sensor({1, &name_, &unit_, &labels_});
  fold_->restore({}, {}, time_);
  hear(20, 3600000);
  pass(60000);
  EXPECT_EQ("+warningq@60000 20/60", told());
  pass(400000);
  EXPECT_EQ("+warning@400000 20/60", told());
}

TEST_F(AlertTelling, ARestartTellsTheLevelThatWasTold) {
  start({ladder()});
  hear(29);
  EXPECT_EQ("+warning@0 29/28", told());
  silence(10000);
  hear(33);
  EXPECT_EQ("+criticalq@0 33/32", told());
  restart();
  ASSERT_EQ(1u, fold_->standing().size());
  EXPECT_EQ("+warning@0 33/28", text_of(fold_->standing()[0]));
  silence(10000);
  ASSERT_EQ(1u, fold_->kept_back().size());
  EXPECT_EQ("critical", fold_->kept_back()[0].event.severity);
  hear(20);
  EXPECT_EQ("-warning@0 20/28", told()) << "of critical nobody heard";
}

TEST_F(AlertTelling, ARepetitionTellsNoLevelThatCameWithADoubtfulReading) {
  Rule rule = ladder();
  rule.repeat = milliseconds(1000);
  start({rule});
  hear(29);
  hear(33, 0, kQueued);
  EXPECT_EQ("+warning@0 29/28, +criticalq@0 33/32", told());
  pass(1000);
  EXPECT_EQ("+warning@1000 33/28", told());
  fold_->on_backlog_end(time_);
  EXPECT_EQ("+critical@1000 33/32", told());
  pass(1000);
  EXPECT_EQ("+critical@2000 33/32", told());
}

TEST_F(AlertTelling, AnAcceptedCopyIsTheNewestValueUntilAnotherReadingIs) {
  Rule rule = ladder();
  rule.accept = kRetained;
  rule.hold = milliseconds(1000);
  rule.repeat = milliseconds(5000);
  start({rule});
  hear(33, 0, kRetained);
  last_ = {};  // as a store keeps it
  restart();
  pass(1000);
  EXPECT_EQ("+criticalr@1000 33/32", told());
  restart();
  pass(5000);
  EXPECT_EQ("+critical@6000 33/32", told()) << "it has not ended itself";
  ASSERT_EQ(1u, fold_->standing().size());
  EXPECT_EQ(33, fold_->standing()[0].value);
  hear(29, 7000);
  EXPECT_EQ("", told()) << "older than what the rule took";
  hear(20);
  EXPECT_EQ("-critical@6000 20/32", told());
}

TEST_F(AlertTelling, AWindowOfAcceptedCopiesIsThereUntilAnotherReadingHasBeenTaken) {
  Rule rule = above(1);
  rule.measure = Measure::kRange;
  rule.window = seconds(2);
  rule.hold = milliseconds(1500);
  rule.accept = kRetained;
  start({rule});
  hear(10, 1000, kRetained | kPayloadTime);
  hear(12, 0, kRetained | kPayloadTime);
  // The next has come at once, by the gateway's clock.
  fold_->on_reading({1, kPayloadTime, kWall + 5000, kWall, 12}, time_);
  EXPECT_EQ("+warning@1500 2/1, -warning@5000 0/1", told());
}

TEST_F(AlertTelling, AStepBackOutOfMutedHoursTellsWhatStands) {
  Rule rule = above(28);
  rule.mute = {{0x7f, 22 * 60 + 13, 22 * 60 + 20}};
  settings_.gateway = "gw";
  settings_.rules = {rule};
  fold_ = std::make_unique<AlertFold>(settings_, topic_matches, Calendar::load("UTC").value());
  fold_->add_sensor({1, &name_, &unit_, &labels_});
  fold_->restore({}, {}, time_);
  hear(29);
  pass(1000);
  EXPECT_EQ("+warningq@0 29/28", told());
  time_.wall_minus_stream_ms = -3600000;
  pass(0);
  EXPECT_EQ("+warning@-3599000 29/28", told());
}

TEST_F(AlertTelling, AStepOfTheClockMakesNoFlapping) {
  Rule rule = above(28);
  rule.flap_changes = 3;
  rule.flap_within = seconds(10);
  start({rule});
  auto hear_now = [&](double value) {
    fold_->on_reading({1, 0, time_.wall_ms(), time_.wall_ms(), value}, time_);
  };
  hear_now(29);
  pass(60000);
  hear_now(20);
  time_.wall_minus_stream_ms = -3600000;
  pass(60000);
  hear_now(29);
  for (const AlertEvent& event : events()) EXPECT_EQ(0u, event.flags & kFlapping) << event.at_ms - kWall;
}

}  // namespace
}  // namespace sluice
