#include "config/describe.h"

#include "config/sections.h"
#include "settings_fixture.h"

namespace sluice {
namespace {

class Description : public SettingsTest {
 protected:
  static std::string again(const std::string& description) {
    auto settings = parse_settings(description, "described");
    return settings.ok() ? describe(*settings) : error_of(settings);
  }
};

TEST_F(Description, IsAConfigurationWithTheSameMeaning) {
  std::string file = write_secret("secret", "hunter2");
  std::string text = describe(with(R"(
gateway: {id: kitchen-pi, timezone: Europe/Berlin}
mqtt: {broker: "mqtts://broker.example", protocol: 3.1.1, username: "a\"\\\n\x07", password_file: )" +
                                   file + R"(}
sensors:
  - {sensor: "a/+", scale: 0.1, offset: -1e-300, plausible: [-40, 1e21], invalid: [85, -127], every: 90s, kind: counter,
     unit: "°C", labels: {site: "null", "x y": "1"}}
notify: {null-one: {type: exec, command: [/bin/tell, "a b", ""], timeout: 3s, parallel: 2},
         am: {type: alertmanager, url: "https://a/b?c=d", timeout: 1s, refresh: 2m, token_file: tok}}
alerts:
  - {name: a, sensor: "#", above: 1.1, clear: 1, for: 500ms, severity: "null", notify: [mqtt, null-one],
     message: "{sensor}: \"{value}\""}
  - {name: b, sensor: "#", inside: [1, 2], notify: []}
upload: {at: "23:59", to: []}
)")
                                  .value());
  EXPECT_EQ(text, again(text));
  EXPECT_NE(std::string::npos, text.find("password_file: \"" + file + "\""));
  EXPECT_EQ(std::string::npos, text.find("hunter2"));
}

TEST_F(Description, NamesEveryKeyThatTheLoadersKnow) {
  std::string text = describe(with(R"(
sensors: [{sensor: a, scale: 2, offset: 1, plausible: [1, 2], every: 4s, kind: state, unit: x}]
notify:
  run: {type: exec, command: [/bin/tell]}
  hook: {type: webhook, url: "http://a"}
  house: {type: homeassistant}
  am: {type: alertmanager, url: "http://a"}
upload:
  to:
    - {name: archive, type: file, path: /x}
    - {name: cloud, type: http, url: "https://h/{date}", token_file: env:TOKEN, headers: {X-Site: berlin, X-Key: "{token}"}}
derived:
  - {name: s/d, value: "(a - b) / 2", unit: K, inputs: {a: {sensor: s/a}, b: {sensor: s/b, within: 1h}}}
alerts:
  - {name: a, sensor: "#", above: 2, clear: 1}
  - {name: b, sensor: "#", below: 1}
  - {name: c, sensor: "#", outside: [1, 2]}
  - {name: d, sensor: "#", inside: [1, 2]}
  - {name: e, sensor: "#", silent_for: 5m}
  - {name: f, sensor: "#", equals: 1, repeat: 1h, keep_firing_for: 1m, flap: {changes: 4, within: 5m}}
  - {name: g, sensor: "#", not_equals: 1, active: [{days: [mon], hours: "01:00-02:00"}], accept: [late]}
  - {name: h, sensor: "#", changes_by: {more_than: 1, within: 5m}, mute: [{hours: "22:00-00:00"}]}
  - {name: i, sensor: "#", rate: {above: 1, per: 1m, within: 5m}, labels: {a: b}}
  - {name: j, sensor: "#", stuck_for: 5m, tolerance: 0.1}
  - {name: k, sensor: "#", count: {of: {below: 1}, more_than: 3, within: 5m}}
  - {name: l, sensor: "#", missing_ratio: {above: 0.25, within: 1h}}
  - {name: m, sensor: "#", over: {function: p95, window: 5m, every: 1m, lateness: 2s}, outside: [1, 2]}
  - {name: n, sensor: "#", levels: [{severity: warning, above: 1, clear: 0.5}, {severity: critical, above: 2}]}
)")
                                  .value());
  for (const std::string& path : known_keys()) {
    std::string key = path.substr(path.rfind('.') + 1);
    EXPECT_TRUE(has_line_with(text, key)) << path << "\n" << text;
  }
  EXPECT_EQ(text, again(text));
}

TEST_F(Description, MasksSecretsInAddressesAndHeaders) {
  Settings settings = with("").value();
  settings.mqtt.uri = "mqtt://joe:secret@host:1883";
  settings.upload.to[0].type = "http";
  settings.upload.to[0].url = "https://joe:p@ss@host/path?a@b";
  std::string text = describe(settings);
  EXPECT_NE(std::string::npos, text.find("mqtt://***@host:1883"));
  EXPECT_NE(std::string::npos, text.find("https://***@host/path?***"));

  WebhookSettings hook;
  hook.http.url = "https://host/hook?key=hunter2";
  hook.http.headers = {{"X-Key", "hunter2"}, {"X-Token", "t={token}"}};
  settings.notify = {{"hook", hook}};
  text = describe(settings);
  EXPECT_NE(std::string::npos, text.find("https://host/hook?***")) << text;
  EXPECT_NE(std::string::npos, text.find("\"X-Token\": \"t={token}\"")) << text;
  EXPECT_EQ(std::string::npos, text.find("hunter2")) << text;
}

}  // namespace
}  // namespace sluice
