// Rules that nothing could ever meet, or parts of them that would count for nothing, are refused.
#include "settings_fixture.h"

namespace sluice {
namespace {

class UnmetRules : public SettingsTest {
 protected:
  // Of one alert on r/+, whose sensors are known to speak every 10s.
  static std::string of(const std::string& rule, const std::string& every = "10s") {
    return error_of(with("sensors: [{sensor: r/+, every: " + every + "}]\n" +
                         "alerts: [{name: a, sensor: \"#\", " + rule + "}]"));
  }
  static void expect(const char* said, const std::string& rule, const char* every = "10s") {
    const std::string error = of(rule, every);
    EXPECT_NE(std::string::npos, error.find(said)) << rule << "\n" << error;
    EXPECT_EQ(std::string::npos, error.find('\n')) << rule << "\n" << error;
  }
};

TEST_F(UnmetRules, AskForMoreReadingsThanAreRemembered) {
  EXPECT_EQ(
      "test.yaml:2:44: alerts[0].stuck_for: looks at 2161 readings of \"r/+\", and no more than 1000 are "
      "remembered; expected a shorter stuck_for, or alerting.window_samples: 2161",
      of("stuck_for: 6h"));
  expect("alerting.window_samples: 3600", "missing_ratio: {above: 0.2, within: 1h}", "1s");
  expect("alerting.window_samples: 1080", "changes_by: {more_than: 1, within: 3h}");
  expect("alerting.window_samples: 1080", "rate: {above: 1, per: 1m, within: 3h}");
  expect("alerting.window_samples: 1080", "count: {of: {above: 1}, more_than: 2, within: 3h}");
  expect("alerting.window_samples: 1080", "above: 1, over: {function: mean, window: 3h}");
  expect("alerting.window_samples: 1440",
         "above: 1, over: {function: mean, window: 2h, every: 1h, lateness: 2h}");
  expect("are remembered; expected a shorter stuck_for", "stuck_for: 31d", "1s");
  EXPECT_EQ(std::string::npos, of("stuck_for: 31d", "1s").find("window_samples:"));
  EXPECT_EQ("no error", of("stuck_for: 2h")) << "721 readings";
  EXPECT_EQ("no error", of("above: 1, over: {function: mean, window: 10000s}")) << "1000 readings";
}

TEST_F(UnmetRules, AreFoundByTheEntryThatSaysHowOftenASensorSpeaks) {
  const std::string sensors = "sensors: [{sensor: r/+, every: 1s}, {sensor: r/#, every: 1m}]\n";
  const std::string alert = "alerts: [{name: a, sensor: \"#\", missing_ratio: {above: 0.2, within: 1h}}]";
  EXPECT_TRUE(with(sensors + alert).ok()) << "a later entry says one a minute";
  EXPECT_TRUE(with("alerting: {window_samples: 3600}\nsensors: [{sensor: r/+, every: 1s}]\n" + alert).ok());
  EXPECT_EQ("no error", of("stuck_for: 6h", "")) << "it is not known how often";
  EXPECT_TRUE(
      with("sensors: [{sensor: x/+, every: 10s}]\nalerts: [{name: a, sensor: r/a, stuck_for: 6h}]").ok());
}

TEST_F(UnmetRules, CountMoreThanThereCanBe) {
  const char* const more = "asks for more readings than the 1000 that are remembered";
  expect(more, "count: {of: {above: 1}, more_than: 1000, within: 1h}");
  expect(more, "above: 1000, over: {function: count, window: 1h}");
  expect(more, "equals: 1001, over: {function: count, window: 1h}");
  expect(more, "inside: [1001, 1002], over: {function: count, window: 1h}");
  expect(more,
         "levels: [{severity: info, above: 5}, {severity: warning, above: 5000}], over: {function: count, "
         "window: 1h}");
  expect("expected silent_for", "below: 1, over: {function: count, window: 1h}");
  EXPECT_EQ("no error", of("count: {of: {above: 1}, more_than: 999, within: 1h}"));
  EXPECT_EQ("no error", of("outside: [5, 1000], over: {function: count, window: 1h}"));
  EXPECT_EQ("no error", of("below: 2, over: {function: count, window: 1h}"));
  EXPECT_EQ("no error", of("above: 1000, over: {function: sum, window: 1h}"));
}

TEST_F(UnmetRules, LookAtLessTimeThanPassesBetweenReadings) {
  expect("awaits no reading of \"r/+\", which has one every 2h", "missing_ratio: {above: 0, within: 1h}",
         "2h");
  expect("never sees two readings of \"r/+\"", "rate: {above: 1, per: 1m}", "1m");
  expect("never sees two readings of \"r/+\"", "changes_by: {more_than: 1, within: 1m}", "1m");
  expect("is shorter than the 2h between two readings of \"r/+\"", "stuck_for: 1h", "2h");
  EXPECT_EQ("no error", of("stuck_for: 1h", "1h"));
  EXPECT_EQ("no error", of("above: 1, over: {function: mean, window: 1m}", "1h"));
}

TEST_F(UnmetRules, HaveLimitsThatMeanNothing) {
  expect("alerts[0].rate.per: is no time to look back on", "rate: {above: 1, per: 10ms}", "");
  EXPECT_EQ("no error", of("rate: {above: 1, per: 10ms, within: 5m}"));
  expect("alerts[0].severity: counts for nothing beside levels",
         "severity: info, levels: [{severity: warning, above: 1}]");
  expect("alerts[0].equals: is \"nan\"", "equals: nan");
  expect("alerts[0].not_equals: is \"-inf\"", "not_equals: -inf");
  expect("alerts[0].changes_by.more_than: is negative", "changes_by: {more_than: -1, within: 5m}");
  expect("alerts[0].active[0].days: has no day", "above: 1, active: [{days: []}]");
  expect("alerts[0].mute[0].days: has no day", "above: 1, mute: [{days: []}]");
}

}  // namespace
}  // namespace sluice
