// What a right configuration means, and what becomes of files that are none.
#include <sys/stat.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/sha256.h"
#include "settings_fixture.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

using LoadedSettings = SettingsTest;

TEST_F(LoadedSettings, HaveTheDocumentedDefaults) {
  auto settings = with("");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ("/var/lib/sluice", settings->gateway.state_dir);
  EXPECT_EQ("/run/sluice", settings->gateway.runtime_dir);
  EXPECT_TRUE(Calendar::load(settings->gateway.timezone).ok());
  EXPECT_EQ("mqtt://127.0.0.1:1883", settings->mqtt.uri);
  EXPECT_EQ("sluice-" + settings->gateway.id, settings->mqtt.client_id);
  EXPECT_EQ(5, settings->mqtt.protocol);
  EXPECT_EQ(seconds(30), settings->mqtt.keepalive);
  EXPECT_EQ(hours(7 * 24), settings->mqtt.session_expiry);
  EXPECT_EQ(milliseconds(500), settings->mqtt.heartbeat);
  EXPECT_EQ(100, settings->mqtt.receive_maximum);
  EXPECT_EQ(65536u, settings->mqtt.max_payload_bytes);
  EXPECT_EQ(1, settings->decode.readings.at(0).qos);
  EXPECT_EQ(RetainedPolicy::kIfNew, settings->decode.readings.at(0).retained);
  EXPECT_EQ(seconds(600), settings->alerts.max_age);
  ASSERT_EQ(1u, settings->notify.size());
  EXPECT_EQ("mqtt", settings->notify[0].name);
  EXPECT_STREQ("mqtt", settings->notify[0].type());
  EXPECT_EQ(Durability::kCrash, settings->store.durability);
  EXPECT_EQ(16u << 20, settings->store.journal_size_bytes);
  EXPECT_EQ(seconds(10), settings->store.flush);
  EXPECT_EQ(hours(30 * 24), settings->store.retention);
  EXPECT_EQ(ClockSettings::Trust::kAuto, settings->clock.trust);
  EXPECT_EQ(15, settings->upload.at_minutes);
  ASSERT_EQ(1u, settings->upload.to.size());
  EXPECT_EQ("archive", settings->upload.to[0].name);
  EXPECT_EQ("/var/lib/sluice/out", settings->upload.to[0].path);
  EXPECT_EQ("127.0.0.1:8787", settings->api.listen);
  EXPECT_EQ(LogLevel::kInfo, settings->log_level);
}

TEST_F(LoadedSettings, NameTheGatewayAfterTheHost) {
  auto settings = with("");
  ASSERT_TRUE(settings.ok());
  const std::string& id = settings->gateway.id;
  EXPECT_FALSE(id.empty());
  EXPECT_EQ(std::string::npos, id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"));
  EXPECT_EQ(id, settings->alerts.gateway);
  EXPECT_EQ(id, settings->upload.gateway);
}

TEST_F(LoadedSettings, FollowTheGatewaysIdAndFolder) {
  auto settings = with("gateway: {id: kitchen-pi, state_dir: /data}");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ("sluice-kitchen-pi", settings->mqtt.client_id);
  EXPECT_EQ("kitchen-pi", settings->alerts.gateway);
  EXPECT_EQ("/data/out", settings->upload.to.at(0).path);
}

TEST_F(LoadedSettings, TakeAnEmptyValueForTheDefault) {
  auto settings = with("gateway: {id: }\nmqtt:\nalerts:\nstore: {flush: ~}\nsensors: []");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ(seconds(10), settings->store.flush);
}

TEST_F(LoadedSettings, ReadEveryKindOfAlert) {
  auto settings = with(R"(
alerts:
  - { name: hot, sensor: "#", above: 28, clear: 27.5, for: 30s, severity: critical, notify: [mqtt],
      message: "{sensor} {value} {unit} {threshold} {alert} {severity} {since} {label.site}" }
  - { name: cold, sensor: "a/+", below: -3, clear: -3 }
  - { name: mains, sensor: "#", outside: [207, 253] }
  - { name: stuck, sensor: "#", inside: [0, 1e-3] }
  - { name: silent, sensor: "#", silent_for: 5m, notify: [] }
)");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  const std::vector<Rule>& rules = settings->alerts.rules;
  ASSERT_EQ(5u, rules.size());
  EXPECT_EQ(ConditionKind::kAbove, rules[0].kind);
  EXPECT_EQ(28, rules[0].high);
  EXPECT_EQ(27.5, rules[0].clear);
  EXPECT_EQ(seconds(30), rules[0].hold);
  EXPECT_EQ("critical", rules[0].severity);
  EXPECT_EQ(ConditionKind::kBelow, rules[1].kind);
  EXPECT_EQ(-3, rules[1].low);
  EXPECT_EQ("warning", rules[1].severity);
  EXPECT_EQ(std::vector<std::string>{"mqtt"}, rules[1].notify);
  EXPECT_EQ(ConditionKind::kOutside, rules[2].kind);
  EXPECT_EQ(207, rules[2].low);
  EXPECT_EQ(253, rules[2].high);
  EXPECT_EQ(ConditionKind::kInside, rules[3].kind);
  EXPECT_EQ(0.001, rules[3].high);
  EXPECT_EQ(ConditionKind::kSilentFor, rules[4].kind);
  EXPECT_EQ(milliseconds(300000), rules[4].silent_for);
  EXPECT_TRUE(rules[4].notify.empty());
}

TEST_F(LoadedSettings, ReadReadingsAndSensors) {
  auto settings = parse_settings(R"(
readings:
  - { topic: "z/+", qos: 0, fields: [t, h], states: { OFF: 0, ON: 1, no: 2 }, unit: "°C", retained: ignore }
  - { topic: "p/+", each: /r, value: /v, time: /t, time_format: ms, sensor: "{1}/{name}" }
  - { topic: "n/#", format: number }
sensors:
  - { sensor: "z/+/t", scale: 1.5, offset: -0.4, plausible: [-40, 125], invalid: [85, -127], every: 60s,
      unit: K, labels: { site: berlin, floor: 2 } }
)",
                                 "test.yaml");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  const DecodeSettings& decode = settings->decode;
  ASSERT_EQ(3u, decode.readings.size());
  EXPECT_EQ((std::map<std::string, double>{{"OFF", 0}, {"ON", 1}, {"no", 2}}), decode.readings[0].states);
  EXPECT_EQ((std::vector<std::string>{"t", "h"}), decode.readings[0].fields);
  EXPECT_EQ(TimeFormat::kMilliseconds, decode.readings[1].time_format);
  EXPECT_EQ(PayloadFormat::kNumber, decode.readings[2].format);
  ASSERT_EQ(1u, decode.sensors.size());
  EXPECT_EQ((std::pair<double, double>(-40, 125)), decode.sensors[0].plausible);
  EXPECT_EQ((std::vector<double>{85, -127}), decode.sensors[0].invalid);
  EXPECT_EQ(seconds(60), decode.sensors[0].every);
  EXPECT_EQ("2", decode.sensors[0].labels.at("floor"));
}

TEST_F(LoadedSettings, ReadBothProtocolsQuotedOrNot) {
  EXPECT_EQ(3, with("mqtt: {protocol: 3.1.1}").value().mqtt.protocol);
  EXPECT_EQ(3, with("mqtt: {protocol: \"3.1.1\"}").value().mqtt.protocol);
  EXPECT_EQ(5, with("mqtt: {protocol: 5}").value().mqtt.protocol);
}

TEST_F(LoadedSettings, CompleteTheBrokersPort) {
  EXPECT_EQ("mqtts://broker.example:8883", with("mqtt: {broker: mqtts://broker.example}").value().mqtt.uri);
  EXPECT_EQ("mqtt://[::1]:1883", with("mqtt: {broker: \"mqtt://[::1]\"}").value().mqtt.uri);
  EXPECT_EQ("mqtt://h:2000", with("mqtt: {broker: \"mqtt://h:2000/\"}").value().mqtt.uri);
}

TEST_F(LoadedSettings, ReadTheTimeOfUploadQuotedOrNot) {
  EXPECT_EQ(90, with("upload: {at: 01:30}").value().upload.at_minutes);
  EXPECT_EQ(90, with("upload: {at: \"01:30\"}").value().upload.at_minutes);
}

TEST_F(LoadedSettings, CanUploadNowhere) {
  EXPECT_TRUE(with("upload: {to: []}").value().upload.to.empty());
}

TEST_F(LoadedSettings, CarryTheDigestOfTheFile) {
  std::string text = "readings: [{topic: \"#\"}]\n";
  auto settings = load_settings(write("a.yaml", text));
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ(sha256_hex(text), settings->digest);
}

TEST_F(LoadedSettings, ListEverythingThatIsWrongInTheOrderOfTheFile) {
  auto settings = parse_settings("stor: {}\nmqtt: {protocol: 4, brokr: x}\napi: {listen: 80}\n", "f");
  EXPECT_EQ(
      "f:1:1: readings: is missing; expected at least one entry with a topic to subscribe to\n"
      "f:1:1: stor: is not a key here; expected alerting, alerts, api, clock, derived, gateway, "
      "gateway_alerts, log, "
      "mqtt, notify, "
      "readings, "
      "sensors, store, summary or upload; did you mean \"store\"?\n"
      "f:2:18: mqtt.protocol: is \"4\"; expected 5 or 3.1.1\n"
      "f:2:21: mqtt.brokr: is not a key here; expected broker, client_id, heartbeat, keepalive, max_payload, "
      "password_file, protocol, receive_maximum, session_expiry, tls or username; did you mean \"broker\"?\n"
      "f:3:15: api.listen: is \"80\"; expected ADDRESS:PORT such as 127.0.0.1:8787, or \"\" for the socket "
      "only",
      error_of(settings));
}

using SettingsFile = SettingsTest;

TEST_F(SettingsFile, ThatIsMissingIsNamedWithWhatToDo) {
  auto settings = load_settings(folder_ + "/none.yaml");
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(ErrorCode::kNotFound, settings.error().code);
  EXPECT_NE(std::string::npos,
            error_of(settings).find("none.yaml: the configuration cannot be read: No such file"));
}

TEST_F(SettingsFile, ThatIsAFolderIsRefused) {
  auto settings = load_settings(folder_);
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(std::string::npos, error_of(settings).find("Is a directory; name the file in it"));
}

TEST_F(SettingsFile, ThatIsEmptyIsRefused) {
  for (const char* text : {"", "\n\n", "# nothing\n", "---\n", "~\n"}) {
    auto settings = load_settings(write("empty.yaml", text));
    ASSERT_FALSE(settings.ok()) << text;
    EXPECT_NE(std::string::npos, error_of(settings).find("readings: the file is empty"))
        << error_of(settings);
  }
}

TEST_F(SettingsFile, ThatIsHugeIsRefusedWithoutBeingRead) {
  std::string path = write("huge.yaml", "readings:\n");
  std::filesystem::resize_file(path, 100'000'000);
  auto settings = load_settings(path);
  ASSERT_FALSE(settings.ok());
  EXPECT_NE(std::string::npos, error_of(settings).find("is larger than 1MiB"));
}

TEST_F(SettingsFile, ThatIsNoMapIsRefused) {
  EXPECT_NE(std::string::npos, error_of(parse_settings("- a\n", "f")).find("f:1:1: file: is not a map"));
  EXPECT_NE(std::string::npos, error_of(parse_settings("hello", "f")).find("f:1:1: file: is not a map"));
}

// Loads as a user who may not read everything; root may.
Result<Settings> load_as_nobody(const std::string& path, NamedFiles files = NamedFiles::kMustBeReadable) {
  bool root = ::geteuid() == 0;
  EXPECT_EQ(0, root ? ::seteuid(65534) : 0);
  auto settings = load_settings(path, files);
  EXPECT_EQ(0, root ? ::seteuid(0) : 0);
  return settings;
}

TEST_F(SettingsFile, ThatIsUnreadableIsRefused) {
  std::string path = write("secret.yaml", "readings: [{topic: \"#\"}]\n");
  ASSERT_EQ(0, ::chmod(path.c_str(), 0));
  auto settings = load_as_nobody(path);
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(ErrorCode::kIo, settings.error().code);
  EXPECT_NE(std::string::npos, error_of(settings).find("Permission denied; chown or chmod"));
}

TEST_F(SettingsFile, NamesASecretThatCannotBeRead) {
  std::string secret = write("password", "x");
  ASSERT_EQ(0, ::chmod(secret.c_str(), 0));
  std::string path =
      write("a.yaml", "mqtt:\n  username: u\n  password_file: " + secret + "\nreadings: [{topic: \"#\"}]\n");
  auto settings = load_as_nobody(path);
  ASSERT_FALSE(settings.ok());
  EXPECT_EQ(path + ":3:18: mqtt.password_file: \"" + secret +
                "\" cannot be read: Permission denied; expected a file that the user who runs this can read: "
                "chown or chmod it so that user sluice can, e.g. chown root:sluice and chmod 640",
            error_of(settings));
  EXPECT_TRUE(load_as_nobody(path, NamedFiles::kNotLookedAt).ok());
}

TEST_F(SettingsFile, NamesASecretThatIsMissingOrAFolder) {
  std::string missing = error_of(with("mqtt: {username: u, password_file: " + folder_ + "/none}"));
  EXPECT_NE(std::string::npos, missing.find("No such file or directory; expected a file")) << missing;
  std::string folder = error_of(with("api: {token_file: " + folder_ + "}"));
  EXPECT_NE(std::string::npos, folder.find("test.yaml:1:19: api.token_file: \"" + folder_)) << folder;
  EXPECT_NE(std::string::npos, folder.find("Is a directory")) << folder;
}

TEST_F(SettingsFile, RefusesASecretThatEverybodyCanRead) {
  std::string file = write("password", "x");
  std::string error = error_of(with("mqtt: {username: u, password_file: " + file + "}"));
  EXPECT_NE(std::string::npos, error.find("is open to every user of this machine; ")) << error;
  EXPECT_NE(std::string::npos, error.find("chmod o= " + file)) << error;
}

TEST_F(SettingsFile, NamesSecretsThatAreNoFiles) {
  auto settings = with("mqtt: {username: u, password_file: mqtt-password}\napi: {token_file: \"env:TOKEN\"}");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ("mqtt-password", settings->mqtt.password_file);
  EXPECT_EQ("env:TOKEN", settings->api.token_file);
}

TEST_F(SettingsFile, DescribesAnHttpSink) {
  std::string token = write_secret("token", "x");
  auto settings = with(R"(upload: {rate: 5, to: [{name: c, type: http, url: "https://h:1/{gateway}/{date}",
    method: POST, headers: {X-Key: "{token}"}, token_file: )" +
                       token + R"(, tls: {ca: )" + token + R"(}, gzip: false, timeout: 5s}]})");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ(5, settings->upload.rate_per_minute);
  const SinkSettings& sink = settings->upload.to.at(0);
  EXPECT_EQ("https://h:1/{gateway}/{date}", sink.url);
  EXPECT_EQ("POST", sink.method);
  EXPECT_EQ("{token}", sink.headers.at("X-Key"));
  EXPECT_EQ(token, sink.token_file);
  EXPECT_EQ(token, sink.tls.ca);
  EXPECT_FALSE(sink.gzip);
  EXPECT_EQ(std::chrono::seconds(5), sink.timeout);
}

TEST_F(SettingsFile, RefusesAKeyOrATokenThatEverybodyCanRead) {
  const std::string open = write("open", "x");
  const std::string closed = write_secret("closed", "x");
  const std::string tls = ", tls: {cert: " + closed + ", key: " + open + "}";
  for (const std::string& text :
       {"mqtt: {broker: mqtts://h" + tls + "}",
        "upload: {to: [{name: c, type: http, url: \"https://h/{date}\"" + tls + "}]}",
        "notify: {c: {type: webhook, url: \"https://h\"" + tls + "}}",
        "notify: {c: {type: webhook, url: \"https://h\", token_file: " + open + "}}"}) {
    const std::string error = error_of(with(text));
    EXPECT_NE(std::string::npos, error.find("is open to every user of this machine")) << text << "\n"
                                                                                      << error;
    EXPECT_NE(std::string::npos, error.find("chmod o= " + open)) << error;
  }
}

TEST_F(SettingsFile, RefusesATokenThatTheDaemonWouldNotTake) {
  for (const char* token : {"1234567\n", "", "          \n", "  1234567  \nmore of it\n"}) {
    const std::string error = error_of(with("api: {token_file: " + write_secret("token", token) + "}"));
    EXPECT_NE(std::string::npos, error.find("test.yaml:1:19: api.token_file: has no token of 8")) << error;
  }
}

TEST_F(SettingsFile, AcceptsFilesThatCanBeRead) {
  std::string file = write_secret("secret", "12345678");
  auto settings = with("mqtt: {broker: mqtts://h, username: u, password_file: " + file +
                       ", tls: {ca: " + file + ", cert: " + file + ", key: " + file +
                       "}}\napi: {listen: \"0.0.0.0:80\", token_file: " + file + "}");
  ASSERT_TRUE(settings.ok()) << error_of(settings);
  EXPECT_EQ(file, settings->mqtt.tls_key_file);
  EXPECT_EQ(file, settings->api.token_file);
}

}  // namespace
}  // namespace sluice
