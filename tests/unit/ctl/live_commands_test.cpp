// Commands that ask a running daemon, where what they say depends on its answers.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/status.h"
#include "store/sqlite.h"
#include "unit/audit/example_books.h"
#include "unit/ctl/command_fixture.h"

namespace sluice {
namespace {

constexpr int kSensors = 2;

class LiveCommands : public CommandFixture {
 protected:
  // Each time that it is asked, a generation and a stored record more.
  void answer_status_that_moves() {
    router_.add("GET", "/api/v1/status", [this](const HttpRequest&) {
      StatusSnapshot status;
      status.generation = ++asked_;
      status.store.cursor_seq = asked_ * step_;
      return http_json(status_to_json(status));
    });
  }

  std::atomic<std::uint64_t> asked_{0};
  std::uint64_t step_ = 1;
};

TEST_F(LiveCommands, ReloadReturnsWhenTheConfigurationIsInForce) {
  answer("POST", "/api/v1/reload", R"({"asked":"…","generation":3})");
  answer_status_that_moves();
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("reload"))) << err_.str();
  EXPECT_EQ(3u, asked_);
  EXPECT_EQ("the configuration is in force\n", out_.str());
  EXPECT_EQ(kExitFindings, run(command("reload"))) << "a later one: the old one again";
  EXPECT_TRUE(warns("the old one is in force again")) << err_.str();
}

TEST_F(LiveCommands, ReadersOfTheDatabaseWaitUntilTheDaemonHasStored) {
  answer("POST", "/api/v1/store", R"({"seq":40})");
  answer("GET", "/api/v1/quarantine", R"({"counts":{},"samples":[]})");
  answer_status_that_moves();
  step_ = 10;
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("quarantine")));
  EXPECT_EQ(4u, asked_);
  EXPECT_EQ("", err_.str());
  asked_ = 0;
  step_ = 0;
  EXPECT_EQ(kExitFine, run(command("quarantine")));
  EXPECT_TRUE(warns("what came in the last moments is not stored yet")) << err_.str();
}

TEST_F(LiveCommands, SensorsShowAgesAndTellAFilterThatFitsNone) {
  answer("GET", "/api/v1/sensors", R"({"sensors":[
      {"sensor":"a/b","unit":"","value":1.5,"age_s":0,"per_minute":null,"rejected":0,"last_reject":null},
      {"sensor":"a/c","unit":"","value":2.5,"age_s":7,"per_minute":null,"rejected":0,"last_reject":null}],
      "next":null})");
  start_daemon();
  CommandLine sensors = command("sensors");
  EXPECT_EQ(kExitFine, run(sensors));
  EXPECT_TRUE(says("<1s")) << out_.str();
  EXPECT_TRUE(says("7s")) << out_.str();
  sensors.filter = "nix";
  EXPECT_EQ(kExitFindings, run(sensors));
  EXPECT_TRUE(warns("no sensor matches \"nix\"")) << err_.str();
  EXPECT_TRUE(warns("the " + std::to_string(kSensors) + " that there are")) << err_.str();
}

TEST_F(LiveCommands, SilencesAreToldInASentenceAndEverythingNeedsAll) {
  answer("POST", "/api/v1/silences", R"({"id":219})");
  answer("POST", "/api/v1/silences/end", R"({"ended":219})");
  start_daemon();
  CommandLine silence = command("alerts", "silence");
  silence.span = "2h";
  EXPECT_EQ(kExitUsage, run(silence));
  EXPECT_TRUE(warns("--all")) << err_.str();
  silence.all = true;
  EXPECT_EQ(kExitFine, run(silence));
  EXPECT_EQ("silence 219: until 2026-04-01T01:33:20.000Z nobody is told of any alert of any sensor\n",
            out_.str());
  silence.all = false;
  silence.alert = "hot";
  silence.filter = "a/+";
  silence.labels = {"site=berlin"};
  EXPECT_EQ(kExitFine, run(silence));
  EXPECT_TRUE(says("the alert hot of sensors that match a/+ with the label site=berlin")) << out_.str();
  silence.json = true;
  EXPECT_EQ(kExitFine, run(silence));
  EXPECT_EQ(219, nlohmann::json::parse(out_.str())["id"]);
  CommandLine unsilence = command("alerts", "unsilence");
  unsilence.id = 219;
  EXPECT_EQ(kExitFine, run(unsilence));
  EXPECT_EQ("silence 219 has ended\n", out_.str());
}

TEST_F(LiveCommands, ANameThatThereIsNotEndsWithOneEverywhere) {
  answer("POST", "/api/v1/alerts/test", "no channel nix", 404);
  answer("POST", "/api/v1/silences/end", "there is no silence 9", 404);
  answer("GET", "/api/v1/why", "no rule nix", 404);
  start_daemon();
  CommandLine test = command("alerts", "test");
  test.name = "nix";
  EXPECT_EQ(kExitFindings, run(test));
  EXPECT_EQ(kExitFindings, run(command("alerts", "unsilence")));
  CommandLine why = command("why");
  why.sensor = why.rule = "nix";
  EXPECT_EQ(kExitFindings, run(why));
}

TEST_F(LiveCommands, AlertsAreListedWithWhatKeepsThemBack) {
  answer("GET", "/api/v1/alerts", R"([{"alert":"hot","sensor":"a/b","note":"silenced by 354"}])");
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("alerts", "list")));
  EXPECT_TRUE(says("silenced by 354")) << out_.str();
}

TEST_F(LiveCommands, TheDatabaseTellsDaysThatAreOverAndTriesThatWillBe) {
  ExampleBooks books(database(), std::chrono::hours(24 * 365));
  books.write();
  ASSERT_TRUE(Connection::open({.path = database(), .vfs = ""})
                  .value()
                  ->execute("UPDATE outbox SET next_try_ms = 1775000000000")
                  .ok());
  ASSERT_TRUE(books.view().discard({"archive", ExampleBooks::day(0)}, 1775000000000).ok());
  const std::int64_t midnight_ms = books.calendar().end_ms(ExampleBooks::day(ExampleBooks::kDays));
  books.finish();
  run(command("status"), midnight_ms - 1);
  EXPECT_TRUE(says(", 0 days to be summed")) << out_.str();
  run(command("status"), midnight_ms);
  EXPECT_TRUE(says(", 1 day to be summed")) << out_.str();
  CommandLine upload = command("upload", "status");
  upload.json = true;
  EXPECT_EQ(kExitFine, run(upload));
  for (const auto& item : nlohmann::json::parse(out_.str())) {
    EXPECT_EQ(item["state"] != "pending", item["next_try"].is_null()) << item;
  }
}

// With a typo, and with what is no YAML at all.
TEST_F(LiveCommands, AWrongConfigurationKeepsNobodyFromAskingTheDaemon) {
  const std::string gateway = "gateway:\n  runtime_dir: " + folder_.path().string() +
                              "\n  state_dir: " + folder_.path().string() + "\n";
  answer("GET", "/api/v1/alerts", "[]");
  start_daemon();
  for (const char* rest : {"alrts: []\nlgo: {}\nreadings: [ { topic: \"a/#\" } ]\n", "readings: [ {\n"}) {
    CommandLine line = command("alerts", "list");
    line.config = folder_.write("wrong.yaml", "# here\n" + gateway + rest);
    EXPECT_EQ(kExitFine, run(line)) << err_.str();
    EXPECT_EQ("no alert stands\n", out_.str());
    EXPECT_TRUE(warns("wrong.yaml:")) << err_.str();
    EXPECT_TRUE(warns("older configuration")) << err_.str();
    EXPECT_EQ(1, std::ranges::count(err_.str(), '\n')) << err_.str();
    for (const char* needs_it : {"check", "backtest", "reload", "tail"}) {
      line.command = needs_it;
      EXPECT_EQ(kExitConfiguration, run(line)) << needs_it;
    }
  }
}

TEST_F(LiveCommands, AConfigurationThatIsNotThereTellsOfNoDaemon) {
  CommandLine line = command("status");
  line.config = folder_.file("absent.yaml");
  EXPECT_EQ(kExitConfiguration, run(line));
}

TEST_F(LiveCommands, WhyNeedsTheConfigurationOnlyWithoutTheDaemon) {
  ExampleBooks(database(), std::chrono::hours(24)).finish();
  CommandLine line = command("why");
  line.config = folder_.write("wrong.yaml", "gateway:\n  runtime_dir: " + folder_.path().string() +
                                                "\n  state_dir: " + folder_.path().string() + "\nx: y\n");
  line.sensor = "a";
  line.rule = "too-hot";
  EXPECT_EQ(kExitFindings, run(line));
  EXPECT_TRUE(warns("looked up in the configuration")) << err_.str();
}

}  // namespace
}  // namespace sluice
