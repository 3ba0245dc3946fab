#include <nlohmann/json.hpp>

#include "unit/ctl/command_fixture.h"

namespace sluice {
namespace {

class Check : public CommandFixture {
 protected:
  std::string explanation_of(const std::string& config) {
    CommandLine check = command("check");
    check.explain = true;
    check.config = folder_.write("explained.yaml", config);
    EXPECT_EQ(kExitFine, run(check)) << err_.str();
    return out_.str();
  }
};

TEST_F(Check, TellsAGoodConfigurationFromAWrongOne) {
  CommandLine check = command("check");
  EXPECT_EQ(kExitFine, run(check));
  EXPECT_EQ("configuration is fine\n", out_.str());
  check.verbose = true;
  EXPECT_EQ(kExitFine, run(check));
  EXPECT_TRUE(says("Europe/Berlin")) << out_.str();
  EXPECT_EQ(kExitFine, run(command("check", "", true)));
  EXPECT_EQ("fine", nlohmann::json::parse(out_.str())["configuration"]);

  check.config = folder_.write("wrong.yaml", "gatewy: {}\nreadings: [{ topic: \"#\" }]\n");
  EXPECT_EQ(kExitConfiguration, run(check));
  EXPECT_TRUE(warns("wrong.yaml:1:1")) << err_.str();
  check.config = folder_.file("absent.yaml");
  EXPECT_EQ(kExitConfiguration, run(check));
  EXPECT_TRUE(warns("absent.yaml")) << err_.str();
}

TEST_F(Check, SaysInASentenceWhatEachDerivedSensorIs) {
  const char* const config = R"(
readings: [{ topic: "#", format: number }]
derived:
  - { name: margin, value: 'wall - dew_point(t, rh)', unit: K, inputs: {
        t: { sensor: cellar/t }, rh: { sensor: cellar/rh, within: 30m }, wall: { sensor: wall, within: 2h } } }
  - { name: twice, value: 2 * x, inputs: { x: { sensor: a } } }
)";
  EXPECT_EQ(
      R"(configuration is fine
margin is wall - dew_point(t, rh) in K, computed at each new reading of t (cellar/t), rh (cellar/rh) )"
      R"(or wall (wall); there is none while t is more than 10m, rh 30m or wall 2h older than the newest )"
      R"(of them; for alerts only.
twice is 2 * x, computed at each new reading of x (a); for alerts only.
)",
      explanation_of(config));
}

TEST_F(Check, SaysInASentenceWhatEachAlertDoes) {
  const char* const config = R"(
readings: [{ topic: "#", format: number }]
alerts:
  - { name: hot, sensor: "a/+", above: 28, clear: 27, for: 30s, severity: critical, repeat: 4h }
  - { name: heat, sensor: "a/b", for: 1m,
      levels: [{ severity: warning, below: 5 }, { severity: critical, below: 2 }] }
  - { name: mean, sensor: "#", over: { function: mean, window: 10m, every: 1m }, outside: [1, 2], notify: [] }
  - { name: fast, sensor: "#", rate: { below: -2, per: 1m, within: 5m }, keep_firing_for: 1m }
  - { name: leap, sensor: "#", changes_by: { more_than: 5, within: 10m } }
  - { name: stuck, sensor: "#", stuck_for: 2h, tolerance: 0.2 }
  - { name: spikes, sensor: "#", count: { of: { above: 9 }, more_than: 2, within: 10m } }
  - { name: gaps, sensor: "#", missing_ratio: { above: 0.4, within: 5m } }
  - { name: silent, sensor: "#", silent_for: 5m, active: [{ days: [mon, sat], hours: "07:00-19:00" }] }
  - { name: late, sensor: "#", over: { function: max, window: 10m, every: 5m, lateness: 30s }, above: 3 }
  - { name: steps, sensor: "#", for: 1m, keep_firing_for: 2m, levels: [
        { severity: warning, above: 5, clear: 4 }, { severity: critical, above: 9, clear: 8 }] }
  - { name: open, sensor: "#", equals: true, accept: [retained, queued], flap: { changes: 4, within: 1h } }
)";
  EXPECT_EQ(
      R"(configuration is fine
hot fires as critical for a sensor that matches a/+ once its value is above 28 and that has lasted 30s; )"
      R"(ends at 27 or less; tells mqtt and again every 4h.
heat fires for a sensor that matches a/b once its value is below 5 (warning), below 2 (critical) )"
      R"(and that has lasted 1m, for each level by itself; ends when that is over; tells mqtt.
mean fires as warning for a sensor that matches # once the mean over 10m at the end of every 1m is )"
      R"(outside 1 to 2; ends when that is over; tells nobody.
fast fires as warning for a sensor that matches # once the change per 1m over 5m is below -2; )"
      R"(ends when that is over and has stayed so for 1m; tells mqtt.
leap fires as warning for a sensor that matches # once its value is further than 5 from another one )"
      R"(within 10m; ends when that is over; tells mqtt.
stuck fires as warning for a sensor that matches # once its values have stayed within 0.2 of each other )"
      R"(for 2h; ends when that is over; tells mqtt.
spikes fires as warning for a sensor that matches # once more than 2 values within 10m are above 9; )"
      R"(ends when that is over; tells mqtt.
gaps fires as warning for a sensor that matches # once of the readings expected within 5m more than 40 % )"
      R"(are missing; ends when that is over; tells mqtt.
silent fires as warning for a sensor that matches # once nothing was heard of it for 5m while subscribed; )"
      R"(ends with the next reading; tells mqtt, only at mon sat 07:00-19:00.
late fires as warning for a sensor that matches # once the maximum over 10m at the end of every 5m, )"
      R"(with 30s for late readings, is above 3; ends when that is over; tells mqtt.
steps fires for a sensor that matches # once its value is above 5 (warning, clears at 4), above 9 )"
      R"((critical, clears at 8) and that has lasted 1m, for each level by itself; ends at 4 or less and has )"
      R"(stayed so for 2m, each level by itself; tells mqtt.
open fires as warning for a sensor that matches # once its value is equal to 1; ends when that is over; )"
      R"(4 changes within 1h make it stand until it has been calm for as long; takes readings that are )"
      R"(queued, retained like any other; tells mqtt.
)",
      explanation_of(config));
}

}  // namespace
}  // namespace sluice
