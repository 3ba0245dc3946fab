#include "app/status_problems.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "alert/gateway_alert_settings.h"
#include "model/batch.h"

namespace sluice {
namespace {

constexpr std::int64_t kNowMs = 1772366400000;
constexpr std::int64_t kBootMs = 50'000'000;
constexpr std::int64_t kDayMs = 86'400'000;

class Problems : public ::testing::Test {
 protected:
  Problems() {
    settings_.gateway.state_dir = "/var/lib/sluice";
    settings_.mqtt.uri = "mqtt://broker:1883";
    settings_.decode.readings = {entry("sensors/+/temperature"), entry("zigbee2mqtt/+")};
    settings_.decode.readings[1].fields = {"humidity"};
    status_.at_ms = kNowMs;
    status_.broker.state = "up";
    status_.clock.trusted = true;
  }
  static ReadingsEntry entry(const std::string& topic) {
    ReadingsEntry entry;
    entry.topic = topic;
    return entry;
  }
  void expect_every(const std::string& sensors, std::chrono::seconds interval) {
    SensorEntry& added = settings_.decode.sensors.emplace_back();
    added.sensor = sensors;
    added.every = interval;
  }
  std::int64_t unheard_after_s(std::size_t i) {
    return unheard_after_ms(settings_.decode, settings_.decode.readings[i]) / 1000;
  }
  // The sentences, and that each says what to do.
  std::vector<std::string> problems() {
    add_problems(status_,
                 {settings_, {kNowMs, kBootMs}, heard_boot_ms_, standing_, journal_damage_, starved_, cut_});
    std::vector<std::string> found;
    for (const StatusProblem& problem : status_.problems) {
      EXPECT_FALSE(problem.advice.empty()) << problem.what;
      found.push_back(problem.what);
    }
    status_.problems.clear();
    return found;
  }
  void up_for_s(std::int64_t seconds) { status_.broker.since_ms = kNowMs - seconds * 1000; }

  using Sentences = std::vector<std::string>;
  Settings settings_;
  StatusSnapshot status_;
  std::vector<std::int64_t> heard_boot_ms_{kBootMs, kBootMs};
  std::vector<AlertEvent> standing_;
  std::string journal_damage_;
  std::vector<CutWindow> cut_;
  bool starved_ = false;
};

TEST_F(Problems, AreNoneWhenAllIsWell) {
  EXPECT_EQ(Sentences{}, problems());
}

TEST_F(Problems, NameTheTopicOnWhichNoHeartbeatComesBack) {
  settings_.gateway.id = "gw";
  starved_ = true;
  EXPECT_EQ(Sentences{"heartbeats do not come back from the broker"}, problems());
  add_problems(status_, {settings_, {kNowMs, kBootMs}, heard_boot_ms_, standing_, journal_damage_, starved_});
  EXPECT_NE(std::string::npos, status_.problems[0].advice.find("read and write sluice/gw/heartbeat"));
}

TEST_F(Problems, NameAFilterOnWhichNothingCameForAMinute) {
  heard_boot_ms_ = {0, kBootMs};
  up_for_s(59);
  EXPECT_EQ(Sentences{}, problems());
  up_for_s(60);
  EXPECT_EQ(Sentences{"no message on sensors/+/temperature since we subscribed 1m ago"}, problems());
}

TEST_F(Problems, CountSilenceWithinTheConnectionOnly) {
  up_for_s(100);
  heard_boot_ms_ = {kBootMs - 99'000, kBootMs - 101'000};
  EXPECT_EQ(Sentences{"no message on zigbee2mqtt/+ since we subscribed 1m40s ago"}, problems());
  status_.broker.state = "down";
  EXPECT_EQ(Sentences{"not subscribed: down"}, problems());
}

TEST_F(Problems, GiveSlowSensorsThreeOfTheirIntervals) {
  expect_every("sensors/#", std::chrono::seconds(10));
  EXPECT_EQ(60, unheard_after_s(0));
  expect_every("sensors/attic/+", std::chrono::seconds(300));
  EXPECT_EQ(900, unheard_after_s(0));
  EXPECT_EQ(60, unheard_after_s(1));
  expect_every("zigbee2mqtt/+/humidity", std::chrono::seconds(30));  // the field is a level of the name
  EXPECT_EQ(90, unheard_after_s(1));
  settings_.decode.readings[1].sensor = "{1}";  // may be any name
  EXPECT_EQ(900, unheard_after_s(1));
}

TEST_F(Problems, NameCertificatesThatEndWithinTwoWeeks) {
  status_.certificates = {{"mqtt tls.ca", "/etc/ca.pem", kNowMs + 15 * kDayMs, ""},
                          {"mqtt tls.cert", "/etc/me.pem", kNowMs + 13 * kDayMs, ""},
                          {"sink cloud tls.cert", "/etc/old.pem", kNowMs, ""},
                          {"sink cloud tls.ca", "/etc/no.pem", {}, "cannot read /etc/no.pem"}};
  EXPECT_EQ(
      (Sentences{"mqtt tls.cert /etc/me.pem expires in 13d", "sink cloud tls.cert /etc/old.pem has expired",
                 "sink cloud tls.ca: cannot read /etc/no.pem"}),
      problems());
}

TEST_F(Problems, NameWhatStandsOnceAndOfTheGatewayOnly) {
  status_.store.last_error = "no space left";
  for (const GatewayAlertKind& kind : kGatewayAlertKinds) {
    AlertEvent& event = standing_.emplace_back();
    event.alert = kind.name;
    event.sensor = kGatewaySensorName;
    event.message = kind.meaning;
  }
  standing_.emplace_back().alert = "too-hot";
  journal_damage_ = "17 bytes of the journal cannot be read";
  const Sentences found = problems();
  EXPECT_EQ(1, std::count(found.begin(), found.end(), "cannot store: no space left"));
  EXPECT_EQ(1, std::count(found.begin(), found.end(), journal_damage_));
  EXPECT_EQ(1, std::count(found.begin(), found.end(), "no space is left for the database"));
  EXPECT_EQ(kGatewayAlertKinds.size() - 6 + 2, found.size());
}

TEST_F(Problems, NameUploadsAndChannelsThatWait) {
  status_.outbox = {2, 1, 0, 7200000, "connection refused", {}};
  status_.channels = {{"ops", "webhook", true, 3, 0, 0, 9, "HTTP 500"},
                      {"mqtt", "mqtt", false, 0, 8, 0, 0, ""}};
  EXPECT_EQ((Sentences{"1 upload refused for good", "uploads wait: connection refused",
                       "channel ops cannot be told: HTTP 500; 3 alerts waiting"}),
            problems());
}

TEST_F(Problems, NameUploadsForASinkThatIsNotThereAnyMore) {
  settings_.upload.to.emplace_back().name = "here";
  status_.outbox.waiting = {{"cloud", 2}, {"here", 1}};
  EXPECT_EQ(Sentences{"2 uploads for sink cloud, which upload.to does not have"}, problems());
}

TEST_F(Problems, DoNotCountTheAlertsOfAChannelForWhichNoneWaits) {
  status_.channels = {{"mqtt", "mqtt", true, 0, 0, 0, 1, "cannot connect"},
                      {"ops", "webhook", false, 1, 0, 0, 0, ""}};
  EXPECT_EQ((Sentences{"channel mqtt cannot be told: cannot connect", "channel ops: 1 alert waiting"}),
            problems());
}

TEST_F(Problems, TellOfRulesThatSeeLessThanTheirWindow) {
  cut_ = {{"stuck", "room/a", 3, 1000000, 21600000, 21622}};
  add_problems(status_, {settings_, {kNowMs, kBootMs}, heard_boot_ms_, {}, "", false, cut_});
  ASSERT_EQ(1u, status_.problems.size());
  EXPECT_EQ(
      "alert stuck sees less than its window, of room/a and 2 others: the readings that are remembered reach "
      "back 16m40s of 6h",
      status_.problems[0].what);
  EXPECT_EQ(
      "set alerting.window_samples: 21622, or shorten the window; until then it may never fire, or be wrong",
      status_.problems[0].advice);
}

}  // namespace
}  // namespace sluice
