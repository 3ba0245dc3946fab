#include "drivers/mqtt_output.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "support/temp_folder.h"
#include "unit/drivers/child_process.h"
#include "unit/drivers/fake_output.h"
#include "unit/drivers/listener.h"

namespace sluice::drivers {
namespace {

class MqttOut : public ::testing::Test {
 protected:
  void SetUp() override {
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    settings_.broker = broker_.uri();
    settings_.buffer.in_flight = 20;
  }
  void TearDown() override {
    output_.reset();
    close(wake_);
  }
  void make() {
    output_ = std::make_unique<MqttOutput>(settings_, log_, [this] {
      std::uint64_t one = 1;
      [[maybe_unused]] ssize_t written = write(wake_, &one, sizeof one);
    });
  }
  // Ticks whenever the output has something to tell, until `done`. A pause before a new connection passes on
  // the test's clock only.
  template <class Done>
  bool run_until(Done done) {
    for (int round = 0; round < 100'000; ++round) {
      std::int64_t next_ms = output_->tick(clock_.now());
      if (done()) return true;
      std::int64_t pause_ms = next_ms - clock_.now().boot_ms;
      if (pause_ms < 60'000) {
        clock_.pass_ms(pause_ms);
        continue;
      }
      pollfd fd{wake_, POLLIN, 0};
      if (poll(&fd, 1, 30'000) == 0) return false;
      std::uint64_t count = 0;
      [[maybe_unused]] ssize_t got = read(wake_, &count, sizeof count);
    }
    return false;
  }
  bool deliver_all() {
    return run_until([this] { return output_->all_delivered(); });
  }
  void push(int first, int last) {
    for (int i = first; i < last; ++i) output_->push({"t/" + std::to_string(i % 3), std::to_string(i)});
  }
  std::string config_for_a_simulation() {
    return folder_.write("d.yaml", "mqtt: { broker: '" + broker_.uri() +
                                       "' }\ndrivers: [ { driver: simulate, sensors: "
                                       "[ { topic: t, fields: { v: { base: 1 } } } ] } ]\n");
  }
  static std::vector<std::string> numbers(int first, int last) {
    std::vector<std::string> all;
    for (int i = first; i < last; ++i) all.push_back(std::to_string(i));
    return all;
  }

  test::TempFolder folder_;
  test::Mosquitto broker_;
  FakeClock clock_{1'700'000'000'000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  MqttSettings settings_;
  int wake_ = -1;
  std::unique_ptr<MqttOutput> output_;
};

TEST_F(MqttOut, DeliversEverySampleInOrder) {
  Listener listener(broker_, "t/#");
  make();
  push(0, 2000);
  ASSERT_TRUE(deliver_all());
  output_->disconnect(1000);
  EXPECT_EQ(numbers(0, 2000), listener.payloads(2000));
}

TEST_F(MqttOut, TellsItsStatusAtEachConnectAndThatItIsGone) {
  Listener listener(broker_, "sluice/drivers/sluice-drivers/status");
  make();
  output_->set_status("first");
  push(0, 1);
  ASSERT_TRUE(deliver_all());
  output_->set_status("second");
  push(1, 2);
  ASSERT_TRUE(deliver_all());
  output_->disconnect(1000);
  push(2, 3);
  ASSERT_TRUE(deliver_all());
  EXPECT_EQ((std::vector<std::string>{"first", "second", R"({"state":"offline"})", "second"}),
            listener.payloads(4));
}

TEST_F(MqttOut, LeavesAStatusOfOfflineWhenItDies) {
  Listener listener(broker_, "sluice/#");
  ChildProcess program({SLUICE_DRIVERS_PROGRAM, "--config", config_for_a_simulation()});
  ASSERT_TRUE(program.wait_for_output("connected to"));
  ASSERT_EQ(1u, listener.payloads(1).size());
  program.send_signal(SIGKILL);
  program.wait_for_end();
  EXPECT_EQ(R"({"state":"offline"})", listener.payloads(2).at(1));
}

TEST_F(MqttOut, KeepsSamplesUntilThereIsABroker) {
  broker_.kill();
  make();
  push(0, 500);
  ASSERT_TRUE(run_until([tries = 0]() mutable { return ++tries > 5; }));
  EXPECT_FALSE(output_->connected());
  broker_.start();
  Listener listener(broker_, "t/#");
  ASSERT_TRUE(deliver_all());
  EXPECT_EQ(numbers(0, 500), listener.payloads(500));
  EXPECT_EQ(0u, output_->buffer().dropped());
}

TEST_F(MqttOut, DeliversTheRestAfterTheBrokerWasKilled) {
  make();
  push(0, 1000);
  ASSERT_TRUE(run_until([this] { return output_->buffer().delivered() > 300; }));
  std::uint64_t acknowledged = output_->buffer().delivered();
  broker_.kill();
  ASSERT_TRUE(run_until([this] { return !output_->connected(); }));
  acknowledged = output_->buffer().delivered();
  broker_.start();
  Listener listener(broker_, "t/#");
  push(1000, 1100);
  ASSERT_TRUE(deliver_all());
  EXPECT_EQ(1100u, output_->buffer().delivered());
  EXPECT_EQ(numbers(static_cast<int>(acknowledged), 1100),
            listener.payloads(static_cast<std::size_t>(1100 - acknowledged)));
}

TEST_F(MqttOut, DropsTheOldestWhenTheBufferIsFullAndCountsThem) {
  broker_.kill();
  settings_.buffer.messages = 100;
  log_.set_level(LogLevel::kError);
  make();
  push(0, 130);
  EXPECT_EQ(30u, output_->buffer().dropped());
  broker_.start();
  Listener listener(broker_, "t/#");
  ASSERT_TRUE(deliver_all());
  EXPECT_EQ(numbers(30, 130), listener.payloads(100));
}

TEST_F(MqttOut, RefusesTopicsThatMqttDoesNotAllow) {
  make();
  output_->push({"a/+/b", "1"});
  output_->push({"", "1"});
  output_->push({"a\xff", "1"});
  output_->push({"good", "1"});
  ASSERT_TRUE(deliver_all());
  EXPECT_EQ(3u, output_->refused());
}

TEST_F(MqttOut, DeliversAtEveryQualityOfService) {
  Listener listener(broker_, "t/#");
  for (int qos : {0, 2}) {
    settings_.qos = qos;
    make();
    push(qos * 50, qos * 50 + 100);
    ASSERT_TRUE(deliver_all());
    output_->disconnect(1000);
  }
  EXPECT_EQ(100u, listener.payloads(100).size());
}

}  // namespace
}  // namespace sluice::drivers
