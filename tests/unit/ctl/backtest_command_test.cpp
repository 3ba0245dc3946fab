// sluicectl backtest on a database that a real store wrote.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/clock.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "support/temp_folder.h"
#include "unit/backtest/small_gateway.h"

namespace sluice {
namespace {

using nlohmann::json;

class BacktestCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    line_.command = "backtest";
    line_.config = configuration("new.yaml", "{ name: hot, sensor: \"#\", above: 30 }");
  }
  std::string configuration(const std::string& name, const std::string& alert) {
    const std::string path = folder_.file(name);
    std::ofstream(path) << "gateway: { id: gw, timezone: UTC, state_dir: " << folder_.path().string()
                        << ", runtime_dir: " << folder_.path().string()
                        << " }\nreadings:\n  - { topic: \"p/#\", format: number }\nalerts:\n  - " << alert
                        << "\n";
    return path;
  }
  void store(const std::vector<double>& values) {
    SmallGateway gateway(folder_.path().string(), load_settings(line_.config).value());
    for (double value : values) {
      gateway.say(RecordKind::kMessage, "p/a", std::to_string(value));
      gateway.pass_ms(kMinute);
    }
    gateway.flush();
  }
  int run() {
    out_.str("");
    err_.str("");
    FakeClock clock(1775000000000);
    return run_command(line_, clock, out_, err_);
  }
  bool says(const std::string& words) const { return out_.str().find(words) != std::string::npos; }

  test::TempFolder folder_;
  CommandLine line_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(BacktestCommand, ShowsEachEpisodeAndChangesNothing) {
  store({20, 31, 32, 20});
  const auto changed = std::filesystem::last_write_time(folder_.file("sluice.db"));
  EXPECT_EQ(kExitFine, run()) << err_.str();
  EXPECT_TRUE(says("2026-03-01T00:01:01.000Z  hot    p/a         2m")) << out_.str();
  EXPECT_EQ(changed, std::filesystem::last_write_time(folder_.file("sluice.db")));
}

TEST_F(BacktestCommand, NamesRulesThatNeverFire) {
  store({20, 21});
  EXPECT_EQ(kExitFine, run());
  EXPECT_TRUE(says("never fires: hot")) << out_.str();
}

TEST_F(BacktestCommand, ExitsWithOneIfAndOnlyIfTheConfigurationsDiffer) {
  store({20, 31, 20, 36, 20});
  line_.against = configuration("old.yaml", "{ name: hot, sensor: \"#\", above: 35 }");
  EXPECT_EQ(kExitFindings, run());
  EXPECT_TRUE(says("1 the same, 0 moved, 0 gone, 1 new")) << out_.str();
  line_.against = line_.config;
  EXPECT_EQ(kExitFine, run());
  EXPECT_TRUE(says("2 the same, 0 moved, 0 gone, 0 new")) << out_.str();
}

TEST_F(BacktestCommand, WritesJsonWithEveryEpisodeAndDifference) {
  store({20, 31, 20, 36, 20, 31});
  line_.json = true;
  line_.against = configuration("old.yaml", "{ name: hot, sensor: \"#\", above: 35 }");
  EXPECT_EQ(kExitFindings, run());
  const json found = json::parse(out_.str());
  EXPECT_EQ(6, found["readings"]);
  EXPECT_EQ(3u, found["new"]["rules"][0]["list"].size());
  EXPECT_EQ(nullptr, found["new"]["rules"][0]["list"][2]["ended"]) << "it stands";
  EXPECT_EQ(60.0, found["old"]["rules"][0]["total_s"]);
  EXPECT_EQ(2, found["difference"]["only_new"]);
  EXPECT_TRUE(found["difference"]["list"][0]["old"].empty());
  EXPECT_EQ(31.0, found["difference"]["list"][0]["new"][0]["value"]);
}

TEST_F(BacktestCommand, TellsWrongTimesConfigurationsAndDatabasesApart) {
  EXPECT_EQ(kExitUnreachable, run()) << "there is no database";
  store({20});
  line_.from_ms = 2;
  line_.to_ms = 1;
  EXPECT_EQ(kExitUsage, run());
  line_.from_ms.reset();
  line_.to_ms.reset();
  line_.against = configuration("wrong.yaml", "{ name: hot, sensor: \"#\", abov: 35 }");
  EXPECT_EQ(kExitConfiguration, run());
  EXPECT_NE(std::string::npos, err_.str().find("above")) << err_.str();
}

}  // namespace
}  // namespace sluice
