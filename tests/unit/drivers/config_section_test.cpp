#include "drivers/config_section.h"

#include <gtest/gtest.h>

#include "drivers/drivers_config.h"
#include "unit/drivers/fake_output.h"

namespace sluice::drivers {
namespace {

class Configuration : public ::testing::Test {
 protected:
  std::string errors(const std::string& text) {
    auto config = parse_config(text, "d.yaml", log_);
    return config ? "" : config.error().context;
  }
  Log log_ = quiet_log();
};

constexpr char kOneDriver[] = "drivers: [ { driver: replay, file: a.csv, topic: t, speed: max } ]\n";

TEST_F(Configuration, TakesWhatIsRight) {
  auto config =
      parse_config(std::string("mqtt: { broker: 'mqtts://b:8883', qos: 0, keepalive: 1m, in_flight: 7 }\n"
                               "buffer: { messages: 50, size: 64KiB }\nlog: { level: debug }\n") +
                       kOneDriver,
                   "d.yaml", log_);
  ASSERT_TRUE(config) << config.error().context;
  EXPECT_EQ("mqtts://b:8883", config->mqtt.broker);
  EXPECT_EQ(0, config->mqtt.qos);
  EXPECT_EQ(60, config->mqtt.keepalive_s);
  EXPECT_EQ(7u, config->mqtt.buffer.in_flight);
  EXPECT_EQ(50u, config->mqtt.buffer.messages);
  EXPECT_EQ(65536u, config->mqtt.buffer.bytes);
  ASSERT_EQ(1u, config->drivers.size());
  EXPECT_EQ("replay", config->drivers[0].name);
}

TEST_F(Configuration, SuggestsTheNearestKey) {
  EXPECT_EQ("d.yaml:1:9: unknown key 'brokr'; did you mean 'broker'?",
            errors(std::string("mqtt: { brokr: x }\n") + kOneDriver));
  EXPECT_EQ("d.yaml:1:1: unknown key 'completely'; the keys here are mqtt, buffer, log, drivers",
            errors(std::string("completely: 1\n") + kOneDriver));
}

TEST_F(Configuration, PointsAtTheValueThatIsWrong) {
  EXPECT_EQ("d.yaml:1:14: 'qos' is '3'; expected a whole number from 0 to 2",
            errors(std::string("mqtt: { qos: 3 }\n") + kOneDriver));
  EXPECT_EQ("d.yaml:1:21: 'messages' must be above mqtt.in_flight, 100",
            errors(std::string("buffer: { messages: 50 }\n") + kOneDriver));
  for (const char* wrong : {"0s", "65536s", "4294967356s"}) {
    EXPECT_EQ("d.yaml:1:20: 'keepalive' needs 1s to 18h",
              errors("mqtt: { keepalive: " + std::string(wrong) + " }\n" + kOneDriver))
        << wrong;
  }
}

TEST_F(Configuration, TellsEveryMistakeAtOnce) {
  std::string all =
      errors("mqtt: { qos: 9, keepalive: 10 }\ndrivers:\n  - { driver: replay, topic: t, speed: fast }\n");
  EXPECT_NE(std::string::npos, all.find("d.yaml:1:14: 'qos'"));
  EXPECT_NE(std::string::npos, all.find("'keepalive' is '10'; expected a duration"));
  EXPECT_NE(std::string::npos, all.find("d.yaml:3:5: 'file' is required here"));
  EXPECT_NE(std::string::npos,
            all.find("'speed' is 'fast'; expected recorded, max, or a factor such as 60x"));
}

TEST_F(Configuration, RefusesKeysGivenTwiceAndDriversItDoesNotKnow) {
  EXPECT_NE(std::string::npos,
            errors(std::string("mqtt: { qos: 1, qos: 1 }\n") + kOneDriver).find("'qos' is given twice"));
  EXPECT_NE(std::string::npos,
            errors("drivers: [ { driver: modem } ]")
                .find("no driver 'modem'; expected one of iio, replay, simulate, system, w1"));
  EXPECT_NE(std::string::npos, errors("log: {}").find("'drivers' is required"));
}

TEST_F(Configuration, RefusesWhatIsNoYamlOrOfAnotherShape) {
  EXPECT_NE(std::string::npos, errors("drivers: [ { ").find("d.yaml:1:"));
  EXPECT_NE(std::string::npos, errors("drivers: 7").find("needs a list here"));
  EXPECT_NE(std::string::npos, errors("[1, 2]").find("expected a mapping"));
  EXPECT_NE(std::string::npos,
            errors(std::string("mqtt: 7\n") + kOneDriver).find("d.yaml:1:7: expected a mapping"));
  EXPECT_NE(std::string::npos,
            errors(std::string("mqtt: { qos: [1] }\n") + kOneDriver).find("needs one value here"));
}

TEST_F(Configuration, NamesAPasswordFileThatCannotBeRead) {
  EXPECT_NE(std::string::npos,
            errors(std::string("mqtt: { password_file: /nonexistent/password }\n") + kOneDriver)
                .find("d.yaml:1:24: the password file '/nonexistent/password' cannot be read"));
}

TEST_F(Configuration, AcceptsEverySampleThatIsShipped) {
  const std::string folder = std::string(SLUICE_SOURCE_DIR) + "/drivers/";
  for (const char* sample : {"drivers.yaml", "iio/iio.yaml", "replay/replay.yaml", "simulate/simulate.yaml",
                             "system/system.yaml", "w1/w1.yaml"}) {
    auto config = load_config(folder + sample, log_);
    EXPECT_TRUE(config) << config.error().context;
  }
}

}  // namespace
}  // namespace sluice::drivers
