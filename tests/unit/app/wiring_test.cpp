#include "app/wiring.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "api/listen_socket.h"
#include "app/store_setup.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

// An alert stands; then comes a configuration without its rule.
class AWiring : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.gateway.id = "gw";
    settings_.gateway.timezone = "UTC";
    settings_.gateway.state_dir = folder_.file("state");
    settings_.gateway.runtime_dir = folder_.file("run");
    settings_.store.reserve_bytes = 0;
    settings_.decode.readings.resize(1);
    settings_.decode.readings[0].topic = "s/+";
    settings_.api.listen = "";
    std::filesystem::create_directory(settings_.gateway.state_dir);
    Batch batch;
    batch.cursor = {"an older ring", 7};
    batch.clock.boot_id = "an older boot";
    batch.new_sensors = {{1, "s/a", ""}};
    RuleState stands;
    stands.rule = "hot";
    stands.sensor = 1;
    stands.phase = RuleState::Phase::kFiring;
    stands.level = stands.toward = stands.told_level = 1;
    stands.since_ms = 1;
    batch.rule_states = {stands};
    ASSERT_TRUE(open()->commit(batch).ok());
  }
  std::unique_ptr<Store> open() {
    return std::move(Store::open(store_settings(settings_), *Calendar::load("UTC"), log_).value());
  }
  Result<std::unique_ptr<Wiring>> wired() {
    return wire(
        settings_, log_, reload_, socket_, [] {}, [] {});
  }

  test::TempFolder folder_;
  Settings settings_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  Reload reload_{folder_.file("sluice.yaml"), settings_, 1, log_, [] {}};
  std::unique_ptr<UnixSocket> socket_;
};

TEST_F(AWiring, LeavesWhatStoodAsItWasWhereItsPortIsTaken) {
  ASSERT_TRUE(wired().ok()) << "which leaves records in its journal that nobody has folded yet";
  auto taken = listen_tcp("127.0.0.1:0");
  ASSERT_TRUE(taken.ok());
  settings_.api.listen = "127.0.0.1:" + std::to_string(taken->port);
  EXPECT_FALSE(wired().ok());
  ::close(taken->fd);
  EXPECT_EQ(1u, open()->load_checkpoint({}).value().rule_states.size());
  settings_.api.token_file = folder_.file("no such file");
  EXPECT_FALSE(wired().ok());
  EXPECT_EQ(1u, open()->load_checkpoint({}).value().rule_states.size());
  settings_.api.token_file.clear();
  EXPECT_TRUE(wired().ok());
  EXPECT_EQ(0u, open()->load_checkpoint({}).value().rule_states.size()) << "so it is the port that mattered";
}

}  // namespace
}  // namespace sluice
