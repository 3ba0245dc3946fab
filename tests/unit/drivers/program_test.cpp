// The program as a user starts it: exit codes, signals, and messages that arrive.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "support/temp_folder.h"
#include "unit/drivers/child_process.h"
#include "unit/drivers/listener.h"

namespace sluice::drivers {
namespace {

class Program : public ::testing::Test {
 protected:
  std::unique_ptr<ChildProcess> start(const std::string& config, std::vector<std::string> options = {}) {
    std::string head = "mqtt: { broker: '" + broker_.uri() + "' }\n";
    std::vector<std::string> arguments = {SLUICE_DRIVERS_PROGRAM, "--config",
                                          folder_.write("d.yaml", head + config)};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return std::make_unique<ChildProcess>(std::move(arguments));
  }
  std::string replay_of(const std::string& file) {
    return "drivers: [ { driver: replay, file: '" + file +
           "', topic: 't/{n}', time: { column: t }, speed: max } ]\n";
  }

  test::TempFolder folder_;
  test::Mosquitto broker_;
};

TEST_F(Program, EndsWhenEveryRowIsAcknowledged) {
  Listener listener(broker_, "t/#");
  std::string rows = "t,n,v\n";
  std::vector<std::string> expected;
  for (int i = 0; i < 3000; ++i) {
    rows += std::to_string(i) + "," + std::to_string(i % 5) + "," + std::to_string(i) + ".50\n";
    expected.push_back("{\"time\":" + std::to_string(i) + ",\"v\":" + std::to_string(i) + ".50}");
  }
  auto program = start(replay_of(folder_.write("rows.csv", rows)));
  EXPECT_EQ(0, program->wait_for_end()) << program->output();
  EXPECT_EQ(expected, listener.payloads(3000));
}

TEST_F(Program, EndsCleanlyOnSigterm) {
  auto program =
      start("drivers: [ { driver: simulate, sensors: [ { topic: t, fields: { v: { base: 1 } } } ] } ]\n");
  ASSERT_TRUE(program->wait_for_output("connected to")) << program->output();
  program->send_signal(SIGTERM);
  EXPECT_EQ(0, program->wait_for_end()) << program->output();
}

TEST_F(Program, EndsOnSigintWithoutABroker) {
  broker_.kill();
  auto program =
      start("drivers: [ { driver: simulate, sensors: [ { topic: t, fields: { v: { base: 1 } } } ] } ]\n");
  ASSERT_TRUE(program->wait_for_output("no connection to")) << program->output();
  EXPECT_NE(std::string::npos, program->output().find("is a broker listening there?")) << program->output();
  program->send_signal(SIGINT);
  EXPECT_EQ(0, program->wait_for_end()) << program->output();
}

TEST_F(Program, GivesAFailingDriverUpWhenAskedTo) {
  auto program = start(replay_of(folder_.file("absent.csv")), {"--once"});
  EXPECT_EQ(1, program->wait_for_end());
  EXPECT_NE(std::string::npos, program->output().find("absent.csv cannot be opened"));
}

TEST_F(Program, RefusesAWrongConfigurationAndWrongOptions) {
  auto program = start("drivers: [ { driver: replay, fil: x } ]\n", {"--check"});
  EXPECT_EQ(4, program->wait_for_end());
  EXPECT_NE(std::string::npos,
            program->output().find("d.yaml:2:30: unknown key 'fil'; did you mean 'file'?"));
  EXPECT_EQ(2, start("drivers: []\n", {"--cheque"})->wait_for_end());
  EXPECT_EQ(0, start("drivers: []\n", {"--check"})->wait_for_end());
}

}  // namespace
}  // namespace sluice::drivers
