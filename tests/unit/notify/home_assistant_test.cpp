#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "alert/event_json.h"
#include "alert/home_assistant_channel.h"
#include "example_event.h"
#include "support/fake_publisher.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string kPrefixTopic = "sluice/balcony/homeassistant/prefix/homeassistant";

class HomeAssistant : public ::testing::Test {
 protected:
  void SetUp() override { publisher_.room = 10; }

  static HomeAssistantSettings settings() {
    HomeAssistantSettings settings;
    settings.every = seconds(30);
    settings.entities = 20;
    return settings;
  }
  void reads(const std::string& sensor, double value, const std::string& unit = "°C") {
    readings_.put(sensor, {unit, value, clock_.now().wall_ms, clock_.now().wall_ms});
  }
  std::vector<nlohmann::json> configs() const {
    std::vector<nlohmann::json> all;
    for (const auto& [topic, payload] : publisher_.retained) {
      if (topic.ends_with("/config")) all.push_back(nlohmann::json::parse(payload));
    }
    return all;
  }
  nlohmann::json value_of(const std::string& sensor) const {
    auto found = publisher_.retained.find("sluice/balcony/homeassistant/readings/" + sensor);
    return found == publisher_.retained.end() ? nlohmann::json() : nlohmann::json::parse(found->second);
  }
  std::string alert_state(const std::string& sensor) const {
    auto found = publisher_.retained.find("sluice/balcony/homeassistant/alerts/too-hot/" + sensor);
    return found == publisher_.retained.end() ? "" : nlohmann::json::parse(found->second)["state"];
  }
  void pass(milliseconds time) {
    for (milliseconds done{0}; done < time; done += milliseconds(500)) {
      clock_.pass_ms(500);
      channel_.tick();
    }
  }
  FakeClock clock_{1772366400000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  test::FakePublisher publisher_;
  KeyedInbox<SensorValue> readings_;
  std::vector<AlertEvent> standing_;
  HomeAssistantChannel channel_{publisher_,
                                clock_,
                                log_,
                                settings(),
                                {"balcony", "0.1.0"},
                                {readings_, [this] { return standing_; },
                                 [](const std::string& sensor) {
                                   return sensor.starts_with("t/") ? std::vector<std::string>{"too-hot"}
                                                                   : std::vector<std::string>{};
                                 }},
                                1};
};

// As documented for sensor.mqtt and binary_sensor.mqtt.
TEST_F(HomeAssistant, IsToldOnlyKeysThatItDocuments) {
  const std::set<std::string> known{"name",
                                    "unique_id",
                                    "state_topic",
                                    "qos",
                                    "availability_topic",
                                    "availability_template",
                                    "device",
                                    "origin",
                                    "value_template",
                                    "device_class",
                                    "json_attributes_topic"};
  const std::set<std::string> of_sensors{"unit_of_measurement", "state_class"};
  reads("t/attic", 21.5);
  channel_.tick();
  ASSERT_EQ(2u, configs().size());
  for (const auto& config : configs()) {
    const bool alert = config.value("device_class", "") == "problem";
    for (const auto& [key, value] : config.items()) {
      EXPECT_TRUE(known.contains(key) || (!alert && of_sensors.contains(key))) << key;
    }
    for (const auto& [key, value] : config["device"].items()) {
      EXPECT_TRUE(
          (std::set<std::string>{"identifiers", "name", "manufacturer", "model", "sw_version"}.contains(key)))
          << key;
    }
    EXPECT_EQ("sluice/balcony/status", config["availability_topic"]);
  }
}

TEST_F(HomeAssistant, SeesASensorWithItsUnitAndValue) {
  reads("t/attic", 21.5);
  channel_.tick();
  nlohmann::json config;
  for (const auto& [topic, payload] : publisher_.retained) {
    if (topic.starts_with("homeassistant/sensor/sluice_balcony/")) config = nlohmann::json::parse(payload);
  }
  EXPECT_EQ("t/attic", config["name"]);
  EXPECT_EQ("°C", config["unit_of_measurement"]);
  EXPECT_EQ("temperature", config["device_class"]);
  EXPECT_EQ("sluice/balcony/homeassistant/readings/t/attic", config["state_topic"]);
  EXPECT_EQ(21.5, value_of("t/attic")["value"]);
}

TEST_F(HomeAssistant, GuessesADeviceClassFromTheUnit) {
  EXPECT_EQ("temperature", device_class_of("°F", "x"));
  EXPECT_EQ("pressure", device_class_of("hPa", "x"));
  EXPECT_EQ("humidity", device_class_of("%", "sensors/bath/Humidity"));
  EXPECT_EQ("battery", device_class_of("%", "zigbee2mqtt/door/battery"));
  EXPECT_EQ("", device_class_of("%", "valve"));
  EXPECT_EQ("carbon_dioxide", device_class_of("ppm", "office/co2"));
  EXPECT_EQ("", device_class_of("", "x"));
  EXPECT_EQ("", device_class_of("furlong", "x"));
}

TEST_F(HomeAssistant, IsToldValuesNoMoreOftenThanAskedFor) {
  const std::string topic = "sluice/balcony/homeassistant/readings/t/attic";
  for (int second = 0; second < 300; ++second) {
    reads("t/attic", second);
    pass(seconds(1));
  }
  EXPECT_LE(10, publisher_.times(topic));
  EXPECT_GE(12, publisher_.times(topic));
  pass(seconds(30));
  EXPECT_EQ(299, value_of("t/attic")["value"]);
}

TEST_F(HomeAssistant, ShowsAProblemWhileAnAlertStands) {
  reads("t/attic", 21);
  channel_.tick();
  EXPECT_EQ("resolved", alert_state("t/attic"));
  EXPECT_TRUE(channel_.deliver_all({example_event("t/attic")}).front().status.ok());
  EXPECT_EQ("firing", alert_state("t/attic"));
  EXPECT_TRUE(channel_.deliver_all({example_event("t/attic", AlertState::kResolved)}).front().status.ok());
  EXPECT_EQ("resolved", alert_state("t/attic"));
}

TEST_F(HomeAssistant, IsToldAllAgainWhenItHasStarted) {
  reads("t/attic", 21);
  standing_ = {example_event("t/attic")};
  channel_.tick();
  EXPECT_EQ("homeassistant/status", publisher_.listens_to);
  const auto before = publisher_.retained;
  publisher_.retained.clear();
  publisher_.heard = "offline";
  channel_.tick();
  EXPECT_TRUE(publisher_.retained.empty());
  publisher_.heard = "online";
  channel_.tick();
  publisher_.retained.insert(*before.find(kPrefixTopic));  // is told at each connect only
  EXPECT_EQ(before, publisher_.retained);
  EXPECT_EQ("firing", alert_state("t/attic"));
}

TEST_F(HomeAssistant, LosesWhatWentAway) {
  const std::string old = "homeassistant/binary_sensor/sluice_balcony/gone_1/config";
  const std::string other = "homeassistant/binary_sensor/sluice_cellar/theirs_1/config";
  publisher_.retained = {
      {old, "{}"}, {other, "{}"}, {"sluice/balcony/homeassistant/alerts/gone/t/attic", "{}"}};
  reads("t/attic", 21);
  channel_.tick();
  EXPECT_FALSE(publisher_.retained.contains(old));
  EXPECT_FALSE(publisher_.retained.contains("sluice/balcony/homeassistant/alerts/gone/t/attic"));
  EXPECT_TRUE(publisher_.retained.contains(other));
  EXPECT_EQ(2u, configs().size() - 1);
  // A sensor that has said nothing for long goes as well.
  clock_.pass_ms(31ll * 24 * 3600 * 1000);
  channel_.tick();
  EXPECT_EQ(0u, configs().size() - 1);
  EXPECT_TRUE(value_of("t/attic").is_null());
}

TEST_F(HomeAssistant, KeepsASensorThatSpeaksOfAPastTime) {
  const std::int64_t month_ago = clock_.now().wall_ms - 31ll * 24 * 3600 * 1000;
  readings_.put("t/attic", {"°C", 21, month_ago, clock_.now().wall_ms});
  channel_.tick();
  publisher_.heard = "online";
  channel_.tick();
  EXPECT_EQ(2u, configs().size());
  EXPECT_EQ(21, value_of("t/attic")["value"]);
}

TEST_F(HomeAssistant, LosesNoEntityWhileTheGatewayTellsItOfManySensors) {
  HomeAssistantSettings many = settings();
  many.entities = 10000;
  const HomeAssistantChannel::Sources sources{readings_, [] { return std::vector<AlertEvent>{}; },
                                              [](const std::string&) { return std::vector<std::string>{}; }};
  HomeAssistantChannel channel(publisher_, clock_, log_, many, {"balcony", "0.1.0"}, sources, 1);
  const auto tell_all = [&](HomeAssistantChannel& to) {
    for (int i = 0; i < 1200; ++i) reads("s" + std::to_string(i), i);
    for (int turn = 0; turn < 5; ++turn) to.tick();
  };
  tell_all(channel);
  ASSERT_EQ(1200u, configs().size());
  const std::string old = "homeassistant/sensor/sluice_balcony/gone_1/config";
  publisher_.retained[old] = "{}";
  publisher_.up = false;
  publisher_.log.clear();
  HomeAssistantChannel anew(publisher_, clock_, log_, many, {"balcony", "0.1.0"}, sources, 1);
  tell_all(anew);
  std::vector<std::string> removed;
  for (const auto& one : publisher_.log) {
    if (one.payload.empty()) removed.push_back(one.topic);
  }
  EXPECT_EQ((std::vector<std::string>{old}), removed);
}

TEST_F(HomeAssistant, LosesWhatItWasToldUnderAnotherPrefix) {
  reads("t/attic", 21);
  channel_.tick();
  ASSERT_EQ(2u, configs().size());
  HomeAssistantSettings other = settings();
  other.prefix = "house";
  publisher_.up = false;
  HomeAssistantChannel channel(publisher_, clock_, log_, other, {"balcony", "0.1.0"},
                               {readings_, [] { return std::vector<AlertEvent>{}; },
                                [](const std::string&) { return std::vector<std::string>{}; }},
                               1);
  reads("t/attic", 22);
  channel.tick();
  for (const auto& [topic, payload] : publisher_.retained)
    EXPECT_FALSE(topic.starts_with("homeassistant/")) << topic;
  EXPECT_EQ(1u, configs().size());
  EXPECT_EQ(1u, publisher_.retained.count("sluice/balcony/homeassistant/prefix/house"));
  EXPECT_EQ(0u, publisher_.retained.count("sluice/balcony/homeassistant/prefix/homeassistant"));
}

TEST_F(HomeAssistant, IsShownNoMoreEntitiesThanAllowed) {
  for (int i = 0; i < 100; ++i) reads("t/" + std::to_string(i), i);
  channel_.tick();
  EXPECT_EQ(20u, configs().size());
  Status beyond = channel_.deliver_all({example_event("t/beyond")}).front().status;
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(ErrorCode::kRefused, beyond.error().code);
}

TEST_F(HomeAssistant, IsConnectedAgainWithABackoff) {
  publisher_.reachable = false;
  EXPECT_FALSE(channel_.ready().ok());
  pass(minutes(10));
  EXPECT_LE(15, publisher_.connects);
  EXPECT_GE(50, publisher_.connects);
  publisher_.reachable = true;
  reads("t/attic", 1);
  pass(seconds(40));
  EXPECT_TRUE(channel_.ready().ok());
  EXPECT_EQ(1, value_of("t/attic")["value"]);
}

TEST_F(HomeAssistant, KeepsNothingOfATest) {
  channel_.tick();
  AlertEvent test = example_event("$test");
  test.flags = kTest;
  EXPECT_TRUE(channel_.deliver_all({test}).front().status.ok());
  EXPECT_EQ(1, publisher_.times("sluice/balcony/homeassistant/test"));
  publisher_.retained.erase(kPrefixTopic);
  EXPECT_TRUE(publisher_.retained.empty());
}

}  // namespace
}  // namespace sluice
