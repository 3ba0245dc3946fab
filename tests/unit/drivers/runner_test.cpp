#include "drivers/runner.h"

#include <gtest/gtest.h>

#include "drivers/status_text.h"
#include "unit/drivers/fake_output.h"

namespace sluice::drivers {
namespace {

// Sends "x" every `every_ms`, and fails while `broken`.
class Ticker final : public Driver {
 public:
  Ticker(std::int64_t every_ms, int count) : every_ms_(every_ms), left_(count) {}
  Status open(Instant) override {
    ++opened;
    if (broken && breaks_open) return make_error(ErrorCode::kUnavailable, "the sensor does not answer");
    return {};
  }
  Result<Next> poll(Instant now, Output& output) override {
    if (++polled % 2 == 1 && slow) return Next::at(now.boot_ms);  // it only began to look
    if (broken) return make_error(ErrorCode::kUnavailable, "the sensor does not answer");
    if (wants_room && !output.has_room()) return Next::when_room();
    output.push({"t", "x"});
    return --left_ == 0 ? Next::done() : Next::at(now.boot_ms + every_ms_);
  }
  void close() override { ++closed; }

  bool broken = false;
  bool breaks_open = true;
  bool slow = false;
  bool wants_room = false;
  int polled = 0;
  int opened = 0;
  int closed = 0;

 private:
  std::int64_t every_ms_;
  int left_;
};

class Running : public ::testing::Test {
 protected:
  Ticker* add(std::int64_t every_ms, int count) {
    auto driver = std::make_unique<Ticker>(every_ms, count);
    Ticker* seen = driver.get();
    drivers_.push_back({"driver-" + std::to_string(drivers_.size()), std::move(driver)});
    return seen;
  }
  Runner& start(Runner::OnFailure on_failure = Runner::OnFailure::kRetry) {
    runner_ = std::make_unique<Runner>(std::move(drivers_), output_, log_, on_failure);
    return *runner_;
  }
  // Lets time pass as the runner wishes, and says how much did.
  std::int64_t run(std::int64_t for_ms) {
    std::int64_t begin_ms = clock_.now().boot_ms;
    std::int64_t end_ms = begin_ms + for_ms;
    while (clock_.now().boot_ms <= end_ms && !runner_->finished()) {
      std::int64_t next_ms = runner_->run(clock_.now());
      if (next_ms > end_ms || runner_->finished()) break;
      clock_.pass_ms(std::max<std::int64_t>(next_ms - clock_.now().boot_ms, 0));
    }
    return clock_.now().boot_ms - begin_ms;
  }

  FakeClock clock_{1'700'000'000'000};
  FakeOutput output_;
  Log log_{static_cast<LogLevel>(LogLevel::kError), Log::Style::kPlain};
  std::vector<NamedDriver> drivers_;
  std::unique_ptr<Runner> runner_;
};

TEST_F(Running, PollsEachDriverWhenItAsks) {
  add(100, 0), add(1000, 0);
  start();
  run(1999);
  EXPECT_EQ(20u + 2u, output_.samples.size());
}

TEST_F(Running, IsFinishedWhenEveryDriverIsDone) {
  Ticker* a = add(100, 3);
  Ticker* b = add(1000, 2);
  start();
  EXPECT_EQ(1000, run(100'000));
  EXPECT_TRUE(runner_->finished());
  EXPECT_EQ(0, runner_->failed());
  EXPECT_EQ(1, a->closed);
  EXPECT_EQ(1, b->closed);
}

TEST_F(Running, TriesAFailedDriverAgainWithGrowingPausesAndStopsNoOther) {
  Ticker* broken = add(100, 0);
  add(1000, 0);
  broken->broken = true;
  start();
  run(16'000);  // tries at 0, 1, 3, 7, 15 s
  EXPECT_EQ(5, broken->opened);
  EXPECT_EQ(5, broken->closed);
  EXPECT_EQ(17u, output_.samples.size());
}

TEST_F(Running, GoesOnWithADriverThatWorksAgain) {
  Ticker* driver = add(100, 0);
  start();
  run(450);
  driver->broken = true;
  run(100);
  EXPECT_EQ(5u, output_.samples.size());
  driver->broken = false;
  run(2000);
  EXPECT_EQ(2, driver->opened);
  EXPECT_LT(10u, output_.samples.size());
}

TEST_F(Running, LetsThePausesGrowForADriverThatFailsOnlyAfterAPoll) {
  Ticker* broken = add(100, 0);
  broken->broken = broken->slow = true;
  broken->breaks_open = false;
  start();
  run(16'000);
  EXPECT_EQ(5, broken->opened);
}

TEST_F(Running, TellsHowEveryDriverIs) {
  Ticker* driver = add(100, 0);
  add(100, 1);
  start();
  run(50);
  std::string fine = status_text(runner_->statuses());
  EXPECT_EQ(R"({"state":"online","drivers":[)"
            R"({"name":"driver-0","state":"running","since":"2023-11-14T22:13:20.000Z"},)"
            R"({"name":"driver-1","state":"done","since":"2023-11-14T22:13:20.000Z"}]})",
            fine);
  std::uint64_t changes = runner_->status_changes();
  run(1000);
  EXPECT_EQ(changes, runner_->status_changes());
  driver->broken = true;
  run(200);
  EXPECT_EQ(changes + 1, runner_->status_changes());
  EXPECT_EQ(DriverStatus::State::kFailing, runner_->statuses()[0].state);
  EXPECT_EQ("the sensor does not answer", runner_->statuses()[0].error);
  driver->broken = false;
  run(2000);
  EXPECT_EQ(DriverStatus::State::kRunning, runner_->statuses()[0].state);
  EXPECT_EQ("", runner_->statuses()[0].error);
}

TEST_F(Running, GivesAFailedDriverUpWhereAskedTo) {
  Ticker* broken = add(100, 0);
  add(100, 3);
  broken->broken = true;
  start(Runner::OnFailure::kGiveUp);
  run(10'000);
  EXPECT_TRUE(runner_->finished());
  EXPECT_EQ(1, runner_->failed());
  EXPECT_EQ(3u, output_.samples.size());
}

TEST_F(Running, LetsADriverWaitForRoom) {
  Ticker* driver = add(0, 4);
  driver->wants_room = true;
  output_.room = 2;
  start();
  run(10);
  EXPECT_EQ(2u, output_.samples.size());
  EXPECT_TRUE(runner_->waits_for_room());
  output_.room = 10;
  run(10);
  EXPECT_EQ(4u, output_.samples.size());
  EXPECT_TRUE(runner_->finished());
}

}  // namespace
}  // namespace sluice::drivers
