// What is not wrong and yet can hardly be meant.
#include "settings_fixture.h"
#include "shipped_folder.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

class Warnings : public SettingsTest {
 protected:
  static std::string of(const std::string& yaml) {
    Result<Settings> settings = parse_settings(yaml, "test.yaml");
    if (!settings.ok()) return "refused: " + settings.error().context;
    std::string text;
    for (const Problem& warning : settings->warnings) text += line_of("test.yaml", warning) + "\n";
    return text;
  }
  static std::string of_rule(const std::string& readings, const std::string& filter) {
    return of("readings: [" + readings + "]\nalerts: [{name: a, sensor: \"" + filter + "\", above: 1}]\n");
  }
};

TEST_F(Warnings, NameARuleThatCanMatchNoSensor) {
  EXPECT_EQ(
      "test.yaml:2:28: alerts[0].sensor: \"sensor/+/t\" matches no sensor; expected what readings or derived "
      "can give, such as \"sensors/+/t\"; did you mean \"sensors/+/t\"?\n",
      of_rule("{topic: \"sensors/+/t\"}", "sensor/+/t"));
}

TEST_F(Warnings, AreGivenOnlyWhereNoNameCanMatch) {
  struct {
    const char* readings;
    const char* matches;
    const char* does_not;  // empty: every filter may match
  } const table[] = {
      {"{topic: \"sensors/+/t\"}", "sensors/hall/t", "sensors/hall/h"},
      {"{topic: \"sensors/#\"}", "+/a/b/c", "other/#"},
      {"{topic: \"#\"}", "a/b", ""},
      {"{topic: \"z/+\", fields: [t, h]}", "z/+/h", "z/+"},
      {"{topic: \"z/#\", fields: [t]}", "z/a/b/t", "y/+/t"},
      {"{topic: \"z/+/x\", sensor: \"room/{1}\"}", "room/hall", "z/+/x"},
      {"{topic: \"z/hall/x\", sensor: \"{1}/{2}\"}", "hall/x", "attic/x"},
      {"{topic: \"z/#\", sensor: \"{3}\"}", "deep", "deep/er"},
      {"{topic: \"z/+\", sensor: \"room-{1}/t\"}", "room-hall/t", "room-hall/h"},
      {"{topic: \"p/+\", each: /r, value: /v, sensor: \"{1}/{name}\"}", "a/any/thing", ""},
      {"{topic: \"p/+\", each: /r, value: /v, sensor: \"p/{name}\"}", "p/any/thing", "q/#"},
      {"{topic: \"p\", fields: [\"a/b\"]}", "p/a/b", "p/a"},
  };
  for (const auto& row : table) {
    EXPECT_EQ("", of_rule(row.readings, row.matches)) << row.readings;
    EXPECT_EQ("", of_rule(row.readings, "#")) << row.readings;
    if (*row.does_not == '\0') continue;
    EXPECT_NE(std::string::npos, of_rule(row.readings, row.does_not).find("alerts[0].sensor"))
        << row.readings;
  }
  EXPECT_EQ("", of_rule("{topic: \"sensors/+/t\"}", "$gateway"));
}

TEST_F(Warnings, KnowDerivedSensorsAndLookAtInputsAndSensors) {
  const std::string derived =
      "readings: [{topic: \"s/+\"}]\n"
      "derived: [{name: sum, value: a + b, inputs: {a: {sensor: s/1}, b: {sensor: S/2}}}]\n";
  const std::string said =
      of(derived + "alerts: [{name: a, sensor: sum, above: 1}]\nsensors: [{sensor: sim}]\n");
  EXPECT_EQ(2, std::count(said.begin(), said.end(), '\n')) << said;
  EXPECT_NE(std::string::npos, said.find("derived[0].inputs.b.sensor: \"S/2\"")) << said;
  EXPECT_NE(std::string::npos, said.find("sensors[0].sensor: \"sim\"")) << said;
  EXPECT_NE(std::string::npos, said.find("did you mean \"sum\"?")) << said;
}

TEST_F(Warnings, TellOfRulesWhoseSensorsSpeakTooSeldomOrNobodyKnowsHowOften) {
  const auto of_alert = [](const std::string& every, const std::string& rule) {
    return of("readings: [{topic: \"r/+\"}]\nsensors: [{sensor: r/+, every: " + every +
              "}]\nalerts: [{name: a, sensor: \"#\", " + rule + "}]\n");
  };
  const std::string gaps = "missing_ratio: {above: 0.2, within: 1h}";
  EXPECT_EQ("", of_alert("1m", gaps));
  EXPECT_EQ(
      "test.yaml:3:48: alerts[0].missing_ratio: watches no sensor of which it is known how often it speaks; "
      "expected every: under sensors for those that match \"#\"\n",
      of_alert("", gaps));
  EXPECT_EQ("", of_alert("30s", "rate: {above: 1, per: 1m}"));
  EXPECT_NE(std::string::npos, of_alert("40s", "rate: {above: 1, per: 1m}")
                                   .find("alerts[0].rate: has hardly two readings of \"r/+\""));
}

TEST_F(Warnings, AreNotMadeOfTheShippedFiles) {
  for (const char* name : {"sluice.yaml", "minimal.yaml"}) {
    EXPECT_EQ("", of(test::read_file(std::string(SLUICE_SHIPPED_FOLDER) + "/" + name))) << name;
  }
}

TEST_F(Warnings, SuggestNoMoreThanWasMeant) {
  EXPECT_NE(std::string::npos,
            of_rule("{topic: \"sensors/#\"}", "sensor/x").find("did you mean \"sensors/x\"?"));
  EXPECT_NE(std::string::npos,
            of_rule("{topic: \"sensors/+/t\"}", "sensor/hall/t").find("did you mean \"sensors/hall/t\"?"));
}

TEST_F(Warnings, NameAProgramThatCannotBeRun) {
  const test::TempFolder folder;
  const std::string script = folder.write("tell.sh", "#!/bin/sh\n");
  const auto of_command = [](const std::string& program) {
    return of("readings: [{topic: a}]\nnotify: {screen: {type: exec, command: [" + program + ", x]}}\n");
  };
  EXPECT_EQ("", of_command("/bin/sh"));
  EXPECT_NE(std::string::npos, of_command("/no/such/program").find("notify.screen.command: there is no"));
  EXPECT_NE(std::string::npos, of_command(script).find("may not be executed")) << of_command(script);
}

}  // namespace
}  // namespace sluice
