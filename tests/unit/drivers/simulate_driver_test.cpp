#include "drivers/simulate/simulate_driver.h"

#include <gtest/gtest.h>

#include <set>

#include "unit/drivers/fake_output.h"

namespace sluice::drivers {
namespace {

constexpr std::int64_t kWallMs = 1'700'000'000'000;

class Simulation : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.name = "test";
    WaveSettings wave;
    wave.amplitude = 3, wave.noise = 0.1;
    settings_.groups = {
        {.topic = "rooms/{n}/climate", .count = 4, .fields = {{"temperature", wave}}, .dropouts = {}}};
  }
  void run(std::int64_t for_ms) {
    if (!driver_) {
      driver_ = std::make_unique<SimulateDriver>(settings_, log_);
      ASSERT_TRUE(driver_->open(clock_.now()));
    }
    std::int64_t end_ms = clock_.now().boot_ms + for_ms;
    while (true) {
      Result<Next> next = driver_->poll(clock_.now(), output_);
      ASSERT_TRUE(next);
      done_ = next->when == Next::When::kDone;
      if (next->when != Next::When::kAt) return;
      if (next->at_boot_ms > end_ms) break;
      clock_.pass_ms(std::max<std::int64_t>(0, next->at_boot_ms - clock_.now().boot_ms));
    }
    clock_.pass_ms(end_ms - clock_.now().boot_ms);
  }
  static std::int64_t time_of(const Sample& sample) { return std::stoll(sample.payload.substr(8)); }
  std::vector<std::string> payloads() const {
    std::vector<std::string> all;
    for (const Sample& sample : output_.samples) all.push_back(sample.topic + sample.payload);
    return all;
  }

  FakeClock clock_{kWallMs};
  FakeOutput output_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  SimulateSettings settings_;
  std::unique_ptr<SimulateDriver> driver_;
  bool done_ = false;
};

TEST_F(Simulation, SendsEverySensorOnceAnInterval) {
  run(9999);
  ASSERT_EQ(40u, output_.samples.size());
  EXPECT_EQ("rooms/1/climate", output_.samples[0].topic);
  EXPECT_EQ("rooms/2/climate", output_.samples[1].topic);
  EXPECT_EQ(kWallMs + 250, time_of(output_.samples[1]));
  EXPECT_EQ(kWallMs + 1000, time_of(output_.samples[4]));
  EXPECT_TRUE(output_.samples[0].payload.starts_with("{\"time\":1700000000000,\"temperature\":"));
}

TEST_F(Simulation, IsTheSameForTheSameSeed) {
  run(5000);
  std::vector<std::string> first = payloads();
  for (std::uint64_t seed : {1u, 2u}) {
    settings_.seed = seed;
    driver_.reset();
    output_.samples.clear();
    clock_ = FakeClock(kWallMs, 777);
    run(5000);
    EXPECT_EQ(seed == 1, first == payloads());
  }
}

TEST_F(Simulation, SendsTheHistoryFirstAndThenGoesLive) {
  settings_.history_ms = 3 * 86'400'000LL;
  run(2000);
  std::size_t history = 3 * 24 * 60 * 4;
  ASSERT_LE(history, output_.samples.size());
  EXPECT_GE(kWallMs - settings_.history_ms, time_of(output_.samples[0]));
  std::set<std::string> distinct;
  std::int64_t last_ms = 0;
  for (const Sample& sample : output_.samples) {
    EXPECT_LE(last_ms, time_of(sample));
    last_ms = time_of(sample);
    EXPECT_TRUE(distinct.insert(sample.topic + std::to_string(last_ms)).second);
  }
  EXPECT_GE(kWallMs + 2000, last_ms);
  EXPECT_LT(kWallMs + 1000, last_ms);
}

TEST_F(Simulation, WaitsForRoomInTheHistoryButNotLive) {
  settings_.history_ms = 3600'000;
  output_.room = 100;
  run(0);
  EXPECT_EQ(100u, output_.samples.size());
  output_.room = 1000;
  run(0);
  output_.room = 0;
  std::size_t before = output_.samples.size();
  run(10'000);
  EXPECT_EQ(before + 40, output_.samples.size());
}

TEST_F(Simulation, EndsWhenItHasRunLongEnough) {
  settings_.run_for_ms = 3000;
  run(100'000);
  EXPECT_TRUE(done_);
  EXPECT_EQ(12u, output_.samples.size());
}

TEST_F(Simulation, EndsAfterTheHistoryWhereThereIsNoLivePart) {
  settings_.history_ms = 3600'000;
  settings_.run_for_ms = 0;
  run(0);
  EXPECT_TRUE(done_);
  EXPECT_LE(240u, output_.samples.size());
}

TEST_F(Simulation, SendsNothingDuringADropout) {
  settings_.groups[0].dropouts = {60'000, 30'000};
  run(599'999);
  EXPECT_NEAR(1200.0, static_cast<double>(output_.samples.size()), 50);
}

TEST_F(Simulation, CarriesTheTimeOfAClockThatStepped) {
  run(1000);
  clock_.step_wall_ms(3600'000);
  output_.samples.clear();
  run(1000);
  ASSERT_FALSE(output_.samples.empty());
  EXPECT_LE(kWallMs + 3601'000, time_of(output_.samples[0]));
}

TEST_F(Simulation, DoesNotMakeUpForALongSleep) {
  run(1000);
  output_.samples.clear();
  clock_.pass_ms(3600'000);
  run(1000);
  EXPECT_GT(100u, output_.samples.size());
  ASSERT_FALSE(output_.samples.empty());
}

}  // namespace
}  // namespace sluice::drivers
