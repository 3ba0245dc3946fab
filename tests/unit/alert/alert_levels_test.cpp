// Each level of a ladder has a `for` and a keep_firing_for of its own, as a rule with its limit would.
#include "unit/alert/alert_fold_fixture.h"

namespace sluice {
namespace {

using std::chrono::seconds;

class AlertLevels : public AlertFoldOf {
 protected:
  Rule ladder() {
    Rule rule = above(28);
    rule.levels = {{"warning", 28, {}}, {"high", 30, {}}, {"critical", 32, {}}};
    rule.hold = seconds(60);
    rule.keep_firing_for = seconds(30);
    return rule;
  }
  // Second and value; restarts each time if asked to. "warning@60 …" at seconds since the start; "-"
  // resolved.
  std::string told(std::initializer_list<std::pair<int, double>> values, int end_s, bool restarts = false) {
    fold_.reset();
    last_ = {};
    time_.stream_ms = kWall;
    start({ladder()});
    std::string text;
    auto pass_to = [&](int s) {
      while (time_.stream_ms < kWall + s * 1000) {
        pass(1000);
        if (restarts) collect(text);
        if (restarts) restart();
      }
    };
    for (const auto& [s, value] : values) {
      pass_to(s);
      hear(value);
    }
    pass_to(end_s);
    collect(text);
    return text;
  }
  void collect(std::string& text) {
    for (const AlertEvent& event : fold_->take_events()) {
      if (!text.empty()) text += ' ';
      text += event.state == AlertState::kFiring ? event.severity : "-";
      text += '@' + std::to_string((event.at_ms - kWall) / 1000);
    }
  }
};

TEST_F(AlertLevels, WaitForThemselvesOnTheWayUp) {
  EXPECT_EQ("warning@60 critical@61", told({{0, 29}, {1, 40}}, 200));
  EXPECT_EQ("warning@60 high@61 critical@62", told({{0, 29}, {1, 31}, {2, 40}}, 200));
  EXPECT_EQ("critical@60", told({{0, 40}}, 200));
  EXPECT_EQ("warning@60 critical@70", told({{0, 40}, {5, 29}, {10, 40}}, 200)) << "not without a break";
  EXPECT_EQ("warning@60 high@61", told({{0, 29}, {1, 40}, {50, 31}}, 200));
  EXPECT_EQ("warning@60", told({{0, 29}, {1, 40}, {50, 29}}, 200));
  EXPECT_EQ("", told({{0, 29}, {1, 40}, {50, 20}}, 200));
}

TEST_F(AlertLevels, WaitForThemselvesOnTheWayDown) {
  EXPECT_EQ("critical@60 high@130 warning@135 -@140", told({{0, 40}, {100, 31}, {105, 29}, {110, 20}}, 200));
  EXPECT_EQ("critical@60 -@130", told({{0, 40}, {100, 20}}, 200));
  EXPECT_EQ("critical@60 warning@130", told({{0, 40}, {100, 20}, {110, 29}}, 200));
  EXPECT_EQ("critical@60", told({{0, 40}, {100, 20}, {110, 40}}, 200));
}

TEST_F(AlertLevels, GoOnWithWhatTheyWaitedForAfterARestart) {
  EXPECT_EQ("warning@60 high@61 critical@62", told({{0, 29}, {1, 31}, {2, 40}}, 200, true));
  EXPECT_EQ("critical@60 high@130 warning@135 -@140",
            told({{0, 40}, {100, 31}, {105, 29}, {110, 20}}, 200, true));
}

TEST_F(AlertLevels, OfABacklogAreReachedWhenLiveDeliveryWouldHaveReachedThem) {
  start({ladder()});
  pass(200000);
  hear(29, 200000);
  hear(40, 199000);
  hear(40, 0);
  std::string text;
  collect(text);
  EXPECT_EQ("warning@60 critical@61", text);
}

TEST_F(AlertLevels, AnAbsenceThatComesAgainKeepsItsAlertFiring) {
  Rule rule = silent(10000);
  rule.hold = seconds(20);
  rule.keep_firing_for = seconds(15);
  start({rule});
  hear(20);
  pass(30000);
  EXPECT_EQ("+30000", said());
  hear(20);
  pass(60000);
  EXPECT_EQ("", said()) << "it is silent again after 10 of the 15 seconds";
  hear(20);
  pass(9000);
  hear(20);
  pass(9000);
  EXPECT_EQ("-105000", said());
}

}  // namespace
}  // namespace sluice
