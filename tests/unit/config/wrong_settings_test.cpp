// A table of wrong configurations: each gives one error, at this place, about this key, saying this.
#include <vector>

#include "settings_fixture.h"

namespace sluice {
namespace {

struct Wrong {
  const char* yaml;   // with readings: added at the end
  const char* place;  // LINE:COLUMN: KEY: of the only error
  const char* said;   // in the same line
};

class WrongSettings : public SettingsTest {
 protected:
  static void expect_error(const std::string& error, const Wrong& wrong) {
    std::string start = std::string("test.yaml:") + wrong.place + ": ";
    EXPECT_EQ(start, error.substr(0, start.size())) << wrong.yaml << "\n" << error;
    EXPECT_NE(std::string::npos, error.find(wrong.said)) << wrong.yaml << "\n" << error;
    EXPECT_EQ(std::string::npos, error.find('\n')) << wrong.yaml << "\n" << error;
  }
  static void expect_errors(const std::vector<Wrong>& table) {
    for (const Wrong& wrong : table) expect_error(error_of(with(wrong.yaml)), wrong);
  }
  // For readings: the text stands by itself.
  static void expect_errors_alone(const std::vector<Wrong>& table) {
    for (const Wrong& wrong : table) expect_error(error_of(parse_settings(wrong.yaml, "test.yaml")), wrong);
  }
};

TEST_F(WrongSettings, OfGatewayAndLog) {
  expect_errors({
      {"gateway: {idd: x}", "1:11: gateway.idd", "did you mean \"id\"?"},
      {"gateway: {id: Kitchen Pi}", "1:15: gateway.id", "did you mean \"kitchen-pi\"?"},
      {"gateway: {id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}", "1:15: gateway.id",
       "expected 1 to 63"},
      {"gateway: {id: [a]}", "1:15: gateway.id", "is a list; expected text"},
      {"gateway: 5", "1:10: gateway", "is \"5\"; expected a map"},
      {"gateway:\n  timezone: Europe/Berln\n", "2:13: gateway.timezone", "did you mean \"Europe/Berlin\"?"},
      {"gateway: {timezone: Berlin}", "1:21: gateway.timezone", "did you mean \"Europe/Berlin\"?"},
      {"gateway: {timezone: \"\"}", "1:21: gateway.timezone", "expected an IANA name"},
      {"gateway: {timezone: ../../etc/passwd}", "1:21: gateway.timezone", "there is no time zone"},
      {"gateway: {state_dir: data}", "1:22: gateway.state_dir", "expected an absolute path"},
      {"gateway: {runtime_dir: \"\"}", "1:24: gateway.runtime_dir", "expected an absolute path"},
      {"gateway: {runtime_dir: "
       "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}",
       "1:24: gateway.runtime_dir", "too long for the path of a socket"},
      {"log: {level: warn}", "1:14: log.level", "expected debug, info, warning or error"},
      {"log: {level: inof}", "1:14: log.level", "did you mean \"info\"?"},
      {"log: {level: info, level: debug}", "1:20: level", "it stands already at 1:7"},
      {"<<: {a: 1}", "1:1: <<", "is not a key here"},
  });
}

TEST_F(WrongSettings, OfMqtt) {
  expect_errors({
      {"mqtt: {broker: localhost}", "1:16: mqtt.broker", "did you mean \"mqtt://localhost\"?"},
      {"mqtt: {broker: \"tcp://h:1883\"}", "1:16: mqtt.broker", "did you mean \"mqtt://h:1883\"?"},
      {"mqtt: {broker: \"ssl://h\"}", "1:16: mqtt.broker", "did you mean \"mqtts://h\"?"},
      {"mqtt: {broker: \"mqtt://h:0\"}", "1:16: mqtt.broker", "expected a port from 1 to 65535"},
      {"mqtt: {broker: \"mqtt://h:70000\"}", "1:16: mqtt.broker", "expected a port"},
      {"mqtt: {broker: \"mqtt://\"}", "1:16: mqtt.broker", "has the host \"\""},
      {"mqtt: {broker: \"mqtt://h/path\"}", "1:16: mqtt.broker", "has the host \"h/path\""},
      {"mqtt: {broker: \"mqtt://[::1\"}", "1:16: mqtt.broker", ""},
      {"mqtt: {client_id: \"\"}", "1:19: mqtt.client_id", "has 0 bytes"},
      {"mqtt: {protocol: 3}", "1:18: mqtt.protocol", "expected 5 or 3.1.1"},
      {"mqtt: {keepalive: 30}", "1:19: mqtt.keepalive", "did you mean \"30s\"?"},
      {"mqtt: {keepalive: 10500ms}", "1:19: mqtt.keepalive", "expected whole seconds"},
      {"mqtt: {keepalive: 1s}", "1:19: mqtt.keepalive", "expected a duration from 5s to 1h"},
      {"mqtt: {session_expiry: 7days}", "1:24: mqtt.session_expiry", "did you mean \"7d\"?"},
      {"mqtt: {session_expiry: 1.5h}", "1:24: mqtt.session_expiry", "did you mean \"90m\"?"},
      {"mqtt: {keepalive: 10 s}", "1:19: mqtt.keepalive", "did you mean \"10s\"?"},
      {"mqtt: {password: geheim}", "1:8: mqtt.password", "did you mean \"password_file\"?"},
      {"mqtt: {user: gw, password_file: /dev/null}", "1:8: mqtt.user", "did you mean \"username\"?"},
      {"mqtt: {heartbeat: 0s}", "1:19: mqtt.heartbeat", "from 100ms to 1m"},
      {"mqtt: {receive_maximum: 0}", "1:25: mqtt.receive_maximum", "a whole number from 1 to 65535"},
      {"mqtt: {receive_maximum: 65536}", "1:25: mqtt.receive_maximum", "a whole number from 1 to 65535"},
      {"mqtt: {receive_maximum: 1e2}", "1:25: mqtt.receive_maximum", "a whole number"},
      {"mqtt: {receive_maximum: \"100\"}", "1:25: mqtt.receive_maximum", "without quotes"},
      {"mqtt: {max_payload: 64KB}", "1:21: mqtt.max_payload", "did you mean \"64KiB\"?"},
      {"mqtt: {max_payload: 1GiB}", "1:21: mqtt.max_payload", "a size from 64B to 16MiB"},
      {"mqtt: {password_file: a/b}", "1:23: mqtt.password_file", "an absolute path"},
      {"mqtt: {password_file: /dev/null}", "1:23: mqtt.password_file", "expected mqtt.username too"},
      {"mqtt: {tls: {ca: /dev/null}}", "1:13: mqtt.tls", "expected a broker mqtts://"},
      {"mqtt: {broker: mqtts://h, tls: {cert: /dev/null}}", "1:39: mqtt.tls.cert", "is given without key"},
      {"mqtt: {tls: {cafile: x}}", "1:14: mqtt.tls.cafile", "expected ca, cert or key"},
      {"mqtt: {tls: true}", "1:13: mqtt.tls", "is \"true\"; expected a map"},
  });
}

TEST_F(WrongSettings, NeverRepeatAPassword) {
  for (const char* broker : {"mqtt://joe:secret@h", "tcp://joe:secret@h", "joe:secret@h"}) {
    std::string error = error_of(with(std::string("mqtt: {broker: \"") + broker + "\"}"));
    EXPECT_NE(std::string::npos, error.find("1:16: mqtt.broker")) << error;
    EXPECT_EQ(std::string::npos, error.find("secret")) << error;
  }
}

TEST_F(WrongSettings, OfReadings) {
  expect_errors_alone({
      {"mqtt: {}", "1:1: readings", "is missing"},
      {"readings:\n", "1:1: readings", "is missing"},
      {"readings: []", "1:11: readings", "has no entry"},
      {"readings: {topic: a}", "1:11: readings", "is a map; expected a list"},
      {"readings: [sensors]", "1:12: readings[0]", "expected a map"},
      {"readings: [{qos: 1}]", "1:12: readings[0].topic", "is missing"},
      {"readings: [{topic: \"a/#/b\"}]", "1:20: readings[0].topic", "is not a topic filter"},
      {"readings: [{topic: \"a+\"}]", "1:20: readings[0].topic", "is not a topic filter"},
      {"readings: [{topic: \"\"}]", "1:20: readings[0].topic", "expected a filter"},
      {"readings: [{topic: sluice/x}]", "1:20: readings[0].topic", "the gateway's own"},
      {"readings: [{topic: a, qos: 3}]", "1:28: readings[0].qos", "from 0 to 2"},
      {"readings: [{topic: a, format: jsn}]", "1:31: readings[0].format", "did you mean \"json\"?"},
      {"readings: [{topic: a, value: temperature}]", "1:30: readings[0].value", "/temperature"},
      {"readings: [{topic: a, value: /v, fields: [b]}]", "1:30: readings[0].value", "not both"},
      {"readings: [{topic: a, time_format: iso}]", "1:36: readings[0].time_format", "rfc3339"},
      {"readings: [{topic: a, fields: b}]", "1:31: readings[0].fields",
       "is \"b\"; expected a list in brackets"},
      {"readings: [{topic: a, fields: [b, b]}]", "1:35: readings[0].fields", "\"b\" is given twice"},
      {"readings: [{topic: a, fields: [b, {c: d}]}]", "1:35: readings[0].fields", "is a map; expected text"},
      {"readings: [{topic: a, sensor: \"{\"}]", "1:31: readings[0].sensor", ""},
      {"readings: [{topic: a, states: {ON: yes}}]", "1:36: readings[0].states.ON", "expected a number"},
      {"readings: [{topic: a, states: [ON]}]", "1:31: readings[0].states", "is a list; expected a map"},
      {"readings: [{topic: a, retained: ifnew}]", "1:33: readings[0].retained", "did you mean \"if_new\"?"},
      {"readings:\n  - topic: \"a/#\"\n  - topic: a/b\n", "3:12: readings[1].topic", "readings[0] takes all"},
      {"readings: [{topic: a, fromat: json}]", "1:23: readings[0].fromat", "did you mean \"format\"?"},
  });
}

TEST_F(WrongSettings, OfSensors) {
  expect_errors({
      {"sensors: [{scale: 2}]", "1:11: sensors[0].sensor", "is missing"},
      {"sensors: [{sensor: \"#/a\"}]", "1:20: sensors[0].sensor", "is not a topic filter"},
      {"sensors: [{sensor: a, scale: 0}]", "1:30: sensors[0].scale", "every value the same"},
      {"sensors: [{sensor: a, offset: .nan}]", "1:31: sensors[0].offset", "expected a number"},
      {"sensors: [{sensor: a, offset: nan}]", "1:31: sensors[0].offset", "expected a number"},
      {"sensors: [{sensor: a, offset: 1e999}]", "1:31: sensors[0].offset", "expected a number"},
      {"sensors: [{sensor: a, offset: \"1\"}]", "1:31: sensors[0].offset", "without quotes"},
      {"sensors: [{sensor: a, plausible: [5, 1]}]", "1:34: sensors[0].plausible", "low < high"},
      {"sensors: [{sensor: a, plausible: [5]}]", "1:34: sensors[0].plausible", "has 1 item;"},
      {"sensors: [{sensor: a, plausible: [5, x]}]", "1:38: sensors[0].plausible", "expected a number"},
      {"sensors: [{sensor: a, invalid: 85}]", "1:32: sensors[0].invalid", "expected a list of numbers"},
      {"sensors: [{sensor: a, every: 5min}]", "1:30: sensors[0].every", "did you mean \"5m\"?"},
      {"sensors: [{sensor: a, labels: {site: [b]}}]", "1:38: sensors[0].labels.site", "is a list"},
      {"sensors: [{sensor: a, scal: 1}]", "1:23: sensors[0].scal", "did you mean \"scale\"?"},
  });
}

TEST_F(WrongSettings, OfDerivedSensors) {
  expect_errors({
      {"derived: [{value: a, inputs: {a: {sensor: x}}}]", "1:11: derived[0].name", "is missing"},
      {"derived: [{name: d, inputs: {a: {sensor: x}}}]", "1:11: derived[0].value", "is missing"},
      {"derived: [{name: d, value: 1}]", "1:11: derived[0].inputs", "is missing"},
      {"derived: [{name: \"d/+\", value: a, inputs: {a: {sensor: x}}}]", "1:18: derived[0].name",
       "of one sensor"},
      {"derived: [{name: \"d\\n\", value: a, inputs: {a: {sensor: x}}}]", "1:18: derived[0].name",
       "expected the name of one sensor"},
      {"derived: [{name: d, value: a + c, inputs: {a: {sensor: x}}}]", "1:28: derived[0].value",
       "character 5: there is no input \"c\"; expected a name under inputs: a"},
      {"derived: [{name: d, value: \"1\", inputs: {a: {sensor: x}}}]", "1:28: derived[0].value",
       "does not use the input"},
      {"derived: [{name: d, value: a, inputs: {a: {within: 5m}}}]", "1:43: derived[0].inputs.a.sensor",
       "is missing"},
      {"derived: [{name: d, value: a, inputs: {a: {sensor: \"x/#\"}}}]", "1:52: derived[0].inputs.a.sensor",
       "of one sensor"},
      {"derived: [{name: d, value: a, inputs: {a: {sensor: x, within: 0s}}}]",
       "1:63: derived[0].inputs.a.within", "from 1s"},
      {"derived: [{name: d, value: max, inputs: {max: {sensor: x}}}]", "1:47: derived[0].inputs.max",
       "not the name of a function"},
      {"derived: [{name: d, value: a, inputs: {a: {sensor: x}}}, {name: d, value: a, inputs: {a: {sensor: "
       "x}}}]",
       "1:65: derived[1].name", "is given twice"},
      {"derived: [{name: d, value: a, inputs: {a: {sensor: d}}}]", "1:18: derived",
       "is made from itself: \"d\" from \"d\""},
      {"derived: [{name: d, value: a, inputs: {a: {sensor: e}}}, {name: e, value: a, inputs: {a: {sensor: "
       "d}}}]",
       "1:18: derived", "is made from itself: \"d\" from \"e\" from \"d\""},
      {"derived: [{name: d, value: a, uint: K, inputs: {a: {sensor: x}}}]", "1:31: derived[0].uint",
       "did you mean \"unit\"?"},
  });
}

TEST_F(WrongSettings, OfAlerts) {
  expect_errors({
      {"alerts: [{name: a, sensor: \"#\"}]", "1:10: alerts[0]", "has no condition; expected exactly one of"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, below: 0}]", "1:50: alerts[0].below",
       "\"above\" is at 1:40"},
      {"alerts: [{sensor: \"#\", above: 1}]", "1:10: alerts[0].name", "is missing"},
      {"alerts: [{name: a b, sensor: \"#\", above: 1}]", "1:17: alerts[0].name", "a level of a topic"},
      {"alerts:\n  - {name: a, sensor: \"#\", above: 1}\n  - {name: a, sensor: \"#\", below: 1}\n",
       "3:12: alerts[1].name", "the other is at 2:12"},
      {"alerts: [{name: a, above: 1}]", "1:10: alerts[0].sensor", "is missing"},
      {"alerts: [{name: a, sensor: \"a#\", above: 1}]", "1:28: alerts[0].sensor", "is not a topic filter"},
      {"alerts: [{name: a, sensor: \"#\", above: hot}]", "1:40: alerts[0].above", "expected a number"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, clear: 2}]", "1:50: alerts[0].clear", "at or under"},
      {"alerts: [{name: a, sensor: \"#\", below: 1, clear: 0}]", "1:50: alerts[0].clear", "at or over"},
      {"alerts: [{name: a, sensor: \"#\", silent_for: 5m, clear: 0}]", "1:56: alerts[0].clear",
       "only with above or below"},
      {"alerts: [{name: a, sensor: \"#\", inside: [2, 1]}]", "1:41: alerts[0].inside", "low < high"},
      {"alerts: [{name: a, sensor: \"#\", outside: [1, 1]}]", "1:42: alerts[0].outside", "low < high"},
      {"alerts: [{name: a, sensor: \"#\", silent_for: 0s}]", "1:45: alerts[0].silent_for", "from 1s"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, for: 5}]", "1:48: alerts[0].for", "did you mean \"5s\"?"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, severity: Critical}]", "1:53: alerts[0].severity",
       "did you mean \"critical\"?"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, notify: [mqt]}]", "1:52: alerts[0].notify",
       "did you mean \"mqtt\"?"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, notify: mqtt}]", "1:51: alerts[0].notify",
       "expected a list in brackets"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, message: \"{sensr}\"}]", "1:52: alerts[0].message",
       "did you mean \"{sensor}\"?"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, message: \"{sensor\"}]", "1:52: alerts[0].message",
       "has a { without a }"},
      {"alerts: [{name: a, sensor: \"#\", above: 1, message: \"{label.}\"}]", "1:52: alerts[0].message",
       "{label.NAME}"},
      {"alerts: [{name: a, sensor: \"#\", abov: 28, clear: 27}]", "1:33: alerts[0].abov",
       "did you mean \"above\"?"},
      {"alerts: [{name: a, sensor: \"#\", greater_than: 28}]", "1:33: alerts[0].greater_than",
       "expected above"},
      {"alerts: [{name: a, sensor: \"#\", above: hot, clear: 27}]", "1:40: alerts[0].above",
       "expected a number"},
      {"alerts: [{nmae: a, sensor: \"#\", above: 28}]", "1:11: alerts[0].nmae", "did you mean \"name\"?"},
      {"alerts: [{name: a, sensor: \"#\", rate: {abov: 1, per: 1m}}]", "1:40: alerts[0].rate.abov",
       "did you mean \"above\"?"},
      {"alerts: [{name: a, sensor: \"#\", count: {of: {abov: 1}, more_than: 1, within: 1m}}]",
       "1:46: alerts[0].count.of.abov", "did you mean \"above\"?"},
      {"alerts: [{name: a, sensor: \"#\", abov: 1, above: 2}]", "1:33: alerts[0].abov",
       "did you mean \"above\"?"},
      {"alerting: {max_age: 0s}", "1:21: alerting.max_age", "from 1s"},
      {"notify: {ops: {type: pager, url: \"https://x\"}}", "1:22: notify.ops.type", "this version has: mqtt"},
      {"notify: {ops: {type: exce}}", "1:22: notify.ops.type", "did you mean \"exec\"?"},
      {"notify: {ops: {type: mqtt}}", "1:22: notify.ops.type", "expected another type"},
      {"notify: {mqtt: {type: exec, command: [/bin/true]}}", "1:23: notify.mqtt.type", "another name"},
      {"notify: {ops: {type: webhook}}", "1:15: notify.ops.url", "is missing"},
      {"notify: {ops: {type: webhook, url: alerts.example}}", "1:36: notify.ops.url", "https://HOST"},
      {"notify: {ops: {type: webhook, url: \"https://a:b@c\"}}", "1:36: notify.ops.url", "token_file"},
      {"notify: {ops: {type: webhook, url: \"https://c\", headers: {\"a b\": c}}}",
       "1:58: notify.ops.headers", "expected the name of an HTTP header"},
      {"notify: {ops: {type: webhook, url: \"https://c\", headers: {A: \"{token}\"}}}",
       "1:58: notify.ops.headers", "token_file too"},
      {"notify: {ops: {type: webhook, url: \"https://c\", headers: {cookie: secret}}}",
       "1:58: notify.ops.headers", "expected the secret in token_file"},
      {"notify: {ops: {type: webhook, url: \"https://c\", headers: {Content-Length: 1}}}",
       "1:58: notify.ops.headers", "Sluice sets this one itself"},
      {"notify: {ops: {type: webhook, url: \"https://c\", tls: {ca: /absent}}}", "1:59: notify.ops.tls.ca",
       "cannot be read"},
      {"notify: {ops: {type: alertmanager, url: \"https://c\", refresh: 1s}}", "1:63: notify.ops.refresh",
       "from 10s"},
      {"notify: {ops: {type: homeassistant, prefix: \"a/+\"}}", "1:45: notify.ops.prefix", "a topic"},
      {"notify: {a: {type: homeassistant}, b: {type: homeassistant}}", "1:46: notify.b.type",
       "one channel of this type"},
      {"notify: {ops: {type: exec}}", "1:15: notify.ops.command", "is missing"},
      {"notify: {ops: {type: exec, command: [true]}}", "1:37: notify.ops.command", "an absolute path"},
      {"notify: {ops: {type: exec, command: []}}", "1:37: notify.ops.command", "an absolute path"},
      {"notify: {ops: {type: exec, command: [/a], timeout: 1h}}", "1:52: notify.ops.timeout", "to 10m"},
      {"notify: {ops: {type: exec, command: [/a], parallel: 17}}", "1:53: notify.ops.parallel", "16"},
      {"notify: {ops: {}}", "1:15: notify.ops.type", "is missing"},
      {"notify: {mqtt: {type: mqtt, url: x}}", "1:29: notify.mqtt.url", "expected type"},
      {"notify: [mqtt]", "1:9: notify", "is a list; expected a map"},
  });
}

TEST_F(WrongSettings, OfStoreClockAndSummary) {
  expect_errors({
      {"store: {durability: disk}", "1:21: store.durability", "expected crash or power"},
      {"store: {journal_size: 512KiB}", "1:23: store.journal_size", "from 1MiB to 1GiB"},
      {"store: {journal_size: 16}", "1:23: store.journal_size", "did you mean \"16B\"?"},
      {"store: {journal_size: 16MB}", "1:23: store.journal_size", "did you mean \"16MiB\"?"},
      {"store: {journal_size: 8MiB}", "1:23: store.journal_size", "= 12800KiB"},
      {"mqtt: {receive_maximum: 1000}", "1:25: mqtt.receive_maximum", "= 125MiB"},
      {"mqtt: {max_payload: 8MiB}", "1:21: mqtt.max_payload", "= 32MiB"},
      {"store: {flush: 10ms}", "1:16: store.flush", "from 100ms to 10m"},
      {"store: {flush_rows: 0}", "1:21: store.flush_rows", "from 1 to"},
      {"store: {retention: 1h}", "1:20: store.retention", "from 1d"},
      {"store: {retention: 7d}", "1:20: store.retention", "summary.close_after + 25h = 11590m"},
      {"summary: {reopen: 60d}", "1:19: summary.reopen", "expected store.retention of at least"},
      {"summary: {statistics: [sum, hour]}", "1:29: summary.statistics", "did you mean \"hours\"?"},
      {"sensors: [{sensor: a, kind: conter}]", "1:29: sensors[0].kind", "did you mean \"counter\"?"},
      {"store: {max_size: 1MiB}", "1:19: store.max_size", "from 16MiB"},
      {"store: {quarantine: -1}", "1:21: store.quarantine", "from 0 to"},
      {"clock: {trust: yes}", "1:16: clock.trust", "expected auto, always or ntp"},
      {"clock: {wait: soon}", "1:15: clock.wait", "a whole number and one of ms s m h d"},
      {"clock: {max_future: 0s}", "1:21: clock.max_future", "from 1s"},
      {"summary: {close_after: 2d}", "1:24: summary.close_after", "from 1s to 1d"},
  });
}

TEST_F(WrongSettings, OfUploadAndApi) {
  expect_errors({
      {"upload: {at: 0:15}", "1:14: upload.at", "did you mean \"00:15\"?"},
      {"upload: {at: 15}", "1:14: upload.at", "expected a local time HH:MM"},
      {"upload: {at: 00:15:00}", "1:14: upload.at", "expected a local time HH:MM"},
      {"upload: {at: 24:00}", "1:14: upload.at", "expected a local time HH:MM"},
      {"upload: {spread: 1d}", "1:18: upload.spread", "from 0s to 12h"},
      {"upload: {keep: 0s}", "1:16: upload.keep", "from 1d"},
      {"upload: {to: [{name: a, type: ftp, url: x}]}", "1:31: upload.to[0].type", "expected file or http"},
      {"upload: {to: [{name: a, type: http}]}", "1:15: upload.to[0].url", "is missing"},
      {"upload: {to: [{name: a, type: http, path: /x, url: \"http://h/{date}\"}]}", "1:37: upload.to[0].path",
       "expected"},
      {"upload: {to: [{name: a, type: http, url: x}]}", "1:42: upload.to[0].url",
       "does not begin with https"},
      {"upload: {to: [{name: a, type: http, url: \"https://me:pass@h/{date}\"}]}", "1:42: upload.to[0].url",
       "carries a user name or password"},
      {"upload: {to: [{name: a, type: http, url: \"https://h/{day}\"}]}", "1:42: upload.to[0].url",
       "other than {gateway}, {date} and {revision}"},
      {"upload: {to: [{name: a, type: http, url: \"https://h/x\"}]}", "1:42: upload.to[0].url",
       "expected {date} in it"},
      {"upload: {to: [{name: a, type: http, url: \"https://h/{date}\", headers: {Authorization: secret}}]}",
       "1:71: upload.to[0].headers", "token_file"},
      {"upload: {to: [{name: a, type: http, url: \"https://h/{date}\", headers: {Authorization: \"Bearer "
       "{token}\"}}]}",
       "1:71: upload.to[0].headers", "expected token_file too"},
      {"upload: {to: [{name: a, type: http, url: \"https://h/{date}\", headers: {Host: h}}]}",
       "1:71: upload.to[0].headers", "Sluice sets this one itself"},
      {"upload: {to: [{name: a, type: http, url: \"http://h/{date}\", tls: {ca: /dev/null}}]}",
       "1:66: upload.to[0].tls", "expected a url https://"},
      {"upload: {rate: 0}", "1:16: upload.rate", "from 1 to 60000"},
      {"upload: {to: [{name: a, type: fil, path: /x}]}", "1:31: upload.to[0].type", "did you mean \"file\"?"},
      {"upload: {to: [{type: file, path: /x}]}", "1:15: upload.to[0].name", "is missing"},
      {"upload: {to: [{name: a, path: /x}]}", "1:15: upload.to[0].type", "is missing"},
      {"upload: {to: [{name: a, type: file}]}", "1:15: upload.to[0].path", "is missing"},
      {"upload: {to: [{name: a, type: file, path: out}]}", "1:43: upload.to[0].path", "an absolute path"},
      {"upload: {to: [{name: a, type: file, path: /x}, {name: a, type: file, path: /y}]}",
       "1:55: upload.to[1].name", "the other is at 1:22"},
      {"api: {listen: \"0.0.0.0:8787\"}", "1:15: api.listen", "without a token"},
      {"api: {listen: \"localhost:8787\"}", "1:15: api.listen", "did you mean \"127.0.0.1:8787\"?"},
      {"api: {listen: \":8787\"}", "1:15: api.listen", "did you mean \"0.0.0.0:8787\"?"},
      {"api: {listen: \"127.0.0.1\"}", "1:15: api.listen", "expected ADDRESS:PORT"},
      {"api: {listen: \"127.0.0.1:99999\"}", "1:15: api.listen", "expected ADDRESS:PORT"},
      {"api: {listen: \"[::2]:80\"}", "1:15: api.listen", "without a token"},
  });
}

TEST_F(WrongSettings, KeepWhatAnUnknownKeyDoesNotExplain) {
  const std::string error = error_of(with("alerts: [{name: a, sensor: \"#\", lables: {a: b}}]"));
  EXPECT_NE(std::string::npos, error.find("did you mean \"labels\"?")) << error;
  EXPECT_NE(std::string::npos, error.find("has no condition")) << error;
}

TEST_F(WrongSettings, ThatAreNotYaml) {
  expect_errors_alone({
      {"readings: [{topic: a}]\nsensors:\n  - sensor: a\n    unit: %\n", "4:11: syntax", "quote a text"},
      {"readings:\n\t- topic: a\n", "2:2: syntax", "spaces"},
      {"readings: [{topic: a]\n", "1:21: syntax", "close each {"},
      {"readings: &a [{topic: b}]", "1:11: syntax", "anchor"},
  });
}

}  // namespace
}  // namespace sluice
