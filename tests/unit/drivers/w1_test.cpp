#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/w1/thermometer.h"
#include "unit/drivers/fake_tree.h"

namespace sluice::drivers {
namespace {

std::string slave_text(int value_mdeg, const char* verdict = "YES") {
  return std::string("72 01 4b 46 7f ff 0e 10 57 : crc=57 ") + verdict +
         "\n72 01 4b 46 7f ff 0e 10 57 t=" + std::to_string(value_mdeg) + "\n";
}

class W1 : public KernelDriver {
 protected:
  void put(const std::string& id, const std::string& text) {
    tree_.put("bus/w1/devices/" + id + "/w1_slave", text);
  }
};

TEST(Thermometer, ReadsEveryVector) {
  std::ifstream stream(std::string(SLUICE_SOURCE_DIR) + "/drivers/w1/vectors.txt");
  std::string line, expected, text;
  int read = 0;
  while (std::getline(stream, line)) {
    if (line.starts_with("#")) continue;
    if (line.starts_with("= ")) {
      expected = line.substr(2);
      text.clear();
    } else if (!line.empty()) {
      text += line + "\n";
    } else {
      if (text.ends_with("\n") && text.find("t=") != std::string::npos) text.pop_back();
      Result<int> value = parse_w1_slave(text);
      std::string found = value ? std::to_string(*value) : value.error().context;
      EXPECT_NE(std::string::npos, found.find(expected)) << found << "\n" << text;
      ++read;
    }
  }
  EXPECT_EQ(9, read);
}

TEST(Thermometer, KnowsItsFamilies) {
  for (const char* id :
       {"10-000802b4ba0e", "22-0000001d8f3a", "28-0316a2799bff", "3b-0c98073d9e21", "42-00000022f6d4"})
    EXPECT_TRUE(is_thermometer(id)) << id;
  for (const char* id : {"", "28-", "29-000000000001", "28-0316A2799BFF", "28-0316a2799bf", "w1_bus_master1"})
    EXPECT_FALSE(is_thermometer(id)) << id;
}

TEST(Thermometer, IsBelievedAt85OnlyNextToItsLike) {
  PowerOnFilter filter(600'000);
  EXPECT_FALSE(filter.believe(85'000, 0));
  EXPECT_TRUE(filter.believe(21'000, 1000));
  EXPECT_FALSE(filter.believe(85'000, 2000));
  EXPECT_TRUE(filter.believe(84'937, 3000));
  EXPECT_TRUE(filter.believe(85'000, 4000));
  EXPECT_TRUE(filter.believe(85'000, 604'000));
  EXPECT_FALSE(filter.believe(85'000, 1'204'001));
}

TEST_F(W1, PublishesEveryThermometerOfTheBus) {
  put("28-0316a2799bff", slave_text(23125));
  put("10-000802b4ba0e", slave_text(-10500));
  tree_.put("bus/w1/devices/42-00000022f6d4/temperature", "19062\n");
  tree_.put("bus/w1/devices/w1_bus_master1/w1_master_name", "w1_bus_master1\n");
  make("driver: w1");
  ASSERT_EQ("", error_of_round());
  std::map<std::string, std::string> expected = {
      {"w1/28-0316a2799bff/temperature", R"({"time":1700000000000,"value":23.125,"unit":"°C"})"},
      {"w1/10-000802b4ba0e/temperature", R"({"time":1700000000000,"value":-10.5,"unit":"°C"})"},
      {"w1/42-00000022f6d4/temperature", R"({"time":1700000000000,"value":19.062,"unit":"°C"})"}};
  EXPECT_EQ(expected, samples_);
}

TEST_F(W1, PublishesTheChosenOnesUnderTheirNames) {
  put("28-0316a2799bff", slave_text(23125));
  put("28-000000000001", slave_text(1000));
  make(
      "driver: w1, topic: 't/{device}', time: none, sensors: { 28-0316a2799bff: boiler, 28-00000000000a: "
      "gone }");
  ASSERT_EQ("", error_of_round());
  std::map<std::string, std::string> expected = {{"t/boiler", R"({"value":23.125,"unit":"°C"})"}};
  EXPECT_EQ(expected, samples_);
  put("28-00000000000a", slave_text(2000));
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(R"({"value":2,"unit":"°C"})", samples_["t/gone"]);
}

TEST_F(W1, LeavesOutWhatTheChecksumRefusesAndWhatAPowerLossMadeUp) {
  put("28-0316a2799bff", slave_text(23125));
  put("28-000000000001", slave_text(23125, "NO"));
  put("28-000000000002", slave_text(85000));
  make("driver: w1");
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(1u, samples_.size());
  put("28-000000000002", slave_text(84000));
  ASSERT_EQ("", error_of_round());
  put("28-000000000002", slave_text(85000));
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(1u, samples_.count("w1/28-000000000002/temperature"));
}

TEST_F(W1, FailsWithAdviceWithoutABusAndWhenNoSensorAnswers) {
  make("driver: w1");
  EXPECT_NE(std::string::npos, error_of_round().find("dtoverlay=w1-gpio"));
  put("28-000000000001", slave_text(0, "NO"));
  EXPECT_NE(std::string::npos, error_of_round().find("none of 1 values could be read"));
  put("28-000000000001", slave_text(1000));
  EXPECT_EQ("", error_of_round());
}

TEST_F(W1, GivesTheSameAdviceWhereNothingOfAListIsThere) {
  make("driver: w1, sensors: { 28-000000000001: boiler, 28-000000000002: }");
  EXPECT_NE(std::string::npos, error_of_round().find("dtoverlay=w1-gpio"));
  put("28-000000000002", slave_text(1000));
  EXPECT_EQ("", error_of_round());
}

TEST_F(W1, RefusesIdsThatAreNoThermometers) {
  EXPECT_NE(std::string::npos, refusal("driver: w1, sensors: { 28-xyz: a }").find("no thermometer's id"));
  EXPECT_NE(std::string::npos, refusal("driver: w1, interval: 10ms").find("'interval' needs 1s or more"));
}

// The bus answers when the test writes into the pipe.
class SlowBus : public W1 {
 protected:
  void SetUp() override {
    put("28-000000000001", "");
    std::string slow = tree_.path("bus/w1/devices/28-000000000001/w1_slave");
    std::filesystem::remove(slow);
    ASSERT_EQ(0, mkfifo(slow.c_str(), 0600));
    pipe_ = open(slow.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_LE(0, pipe_);
    make("driver: w1");
    ASSERT_TRUE(driver_->open(clock_.now()));
  }
  void TearDown() override {
    answer();
    close(pipe_);
  }
  void answer() {
    std::string text = slave_text(21500);
    ASSERT_EQ(static_cast<ssize_t>(text.size()), write(pipe_, text.data(), text.size()));
  }
  int pipe_ = -1;
};

TEST_F(SlowBus, IsWaitedForWithoutHoldingAnybodyUp) {
  for (int i = 0; i < 20; ++i) {
    Result<Next> next = driver_->poll(clock_.now(), output_);  // returns though nothing has come
    ASSERT_TRUE(next);
    EXPECT_GE(clock_.now().boot_ms + 50, next->at_boot_ms);
    EXPECT_LT(clock_.now().boot_ms, next->at_boot_ms);
    clock_.pass_ms(next->at_boot_ms - clock_.now().boot_ms);
  }
  EXPECT_TRUE(output_.samples.empty());
  answer();
  opened_ = true;
  ASSERT_EQ("", error_of_round());
  EXPECT_EQ(1u, samples_.size());
}

TEST_F(SlowBus, IsGivenUpAfterSomeTimeAndUsedAgainOnceItAnswers) {
  ASSERT_TRUE(driver_->poll(clock_.now(), output_));
  clock_.pass_ms(15'001);
  Result<Next> next = driver_->poll(clock_.now(), output_);
  ASSERT_FALSE(next);
  EXPECT_NE(std::string::npos, next.error().context.find("has not answered for 15s"));
  driver_->close();
  EXPECT_NE(std::string::npos, error_of_round().find("still not come back"));
  answer();
  while (!driver_->open(clock_.now())) std::this_thread::yield();
  opened_ = true;
  answer();
  EXPECT_EQ("", error_of_round());
  EXPECT_EQ(1u, samples_.size());
}

}  // namespace
}  // namespace sluice::drivers
