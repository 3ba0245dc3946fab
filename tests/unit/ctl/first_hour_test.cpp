// The commands that a new user meets first, against a real broker and a database.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "io/system_clock.h"
#include "support/mosquitto.h"
#include "support/test_client.h"
#include "unit/audit/example_books.h"

namespace sluice {
namespace {

using nlohmann::json;

class FirstHour : public ::testing::Test {
 protected:
  void configure(const std::string& mqtt, const std::string& readings) {
    std::ofstream(folder_.file("sluice.yaml"))
        << "gateway: { id: test, timezone: Europe/Berlin, state_dir: " << folder_.path()
        << ", runtime_dir: " << folder_.path() << " }\n"
        << mqtt << readings << "alerts:\n  - { name: too-hot, sensor: \"#\", above: 28 }\n";
  }
  int run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--config", folder_.file("sluice.yaml")});
    out_.str("");
    err_.str("");
    ParsedCommandLine parsed = parse_command_line(std::move(arguments), out_, err_);
    if (parsed.exit_code) return *parsed.exit_code;
    SystemClock clock;
    return run_command(parsed.line, clock, out_, err_);
  }
  void write_books() {
    ExampleBooks books(folder_.file("sluice.db"), std::chrono::hours(24 * 365));
    books.write();
    books.finish();
    configure("", "readings:\n  - { topic: \"#\" }\n");
  }
  bool says(const std::string& words) const { return out_.str().find(words) != std::string::npos; }
  test::TempFolder folder_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(FirstHour, DiscoversWithoutReadingsEntriesWhatTheConfigurationThenLoads) {
  test::Mosquitto broker;
  test::TestClient client(broker.port());
  ASSERT_TRUE(client.publish("s/a/temperature", "21.5", 1, true));
  ASSERT_TRUE(client.publish("s/b/temperature", "22.5", 1, true));
  const std::string mqtt = "mqtt: { broker: \"" + broker.uri() + "\" }\n";
  configure(mqtt, "");
  EXPECT_EQ(kExitConfiguration, run({"check"}));
  ASSERT_EQ(kExitFine, run({"discover", "--count", "2", "--for", "60s"})) << err_.str();
  EXPECT_TRUE(says("- { topic: \"s/+/temperature\", format: number }")) << out_.str();
  configure(mqtt, out_.str());
  EXPECT_EQ(kExitFine, run({"check"})) << err_.str();
  ASSERT_EQ(kExitFine, run({"discover", "--broker", broker.uri(), "--count", "1", "--json"})) << err_.str();
  EXPECT_EQ("s/a/temperature", json::parse(out_.str())["patterns"][0]["example"]);
}

TEST_F(FirstHour, ChecksInJson) {
  configure("store: { flsh: 5s }\n", "readings:\n  - { topic: \"s/+\" }\n");
  ASSERT_EQ(kExitConfiguration, run({"check", "--json"}));
  const json error = json::parse(out_.str())["errors"][0];
  EXPECT_EQ(folder_.file("sluice.yaml"), error["file"]);
  EXPECT_EQ(2, error["line"]);
  EXPECT_EQ(10, error["column"]);
  EXPECT_EQ("store.flsh", error["path"]);
  EXPECT_NE(std::string::npos, error["message"].get<std::string>().find("did you mean \"flush\"?"));
  std::filesystem::remove(folder_.file("sluice.yaml"));
  ASSERT_EQ(kExitConfiguration, run({"check", "--json"}));
  EXPECT_TRUE(json::parse(out_.str())["errors"][0]["line"].is_null()) << out_.str();

  configure("store: { flush: 5s, flush_rows: 77 }\n",
            "readings:\n  - { topic: \"s/+\" }\nsensors: [{sensor: t/+}]\n");
  ASSERT_EQ(kExitFine, run({"check", "--json", "--explain", "--verbose"})) << err_.str();
  const json fine = json::parse(out_.str());
  EXPECT_EQ("fine", fine["configuration"]);
  EXPECT_EQ("sensors[0].sensor", fine["warnings"][0]["path"]);
  EXPECT_EQ("too-hot", fine["alerts"][0]["name"]);
  EXPECT_NE(std::string::npos, fine["alerts"][0]["explanation"].get<std::string>().find("28"));
  EXPECT_EQ("5s", fine["settings"]["store"]["flush"]);
  EXPECT_EQ(77, fine["settings"]["store"]["flush_rows"]);
  EXPECT_EQ("s/+", fine["settings"]["readings"][0]["topic"]);

  ASSERT_EQ(kExitFine, run({"check"}));
  EXPECT_NE(std::string::npos, err_.str().find("warning: " + folder_.file("sluice.yaml") + ":"))
      << err_.str();
}

TEST_F(FirstHour, TailsReadingsAndRejectsAsTheGatewayWouldSeeThem) {
  test::Mosquitto broker;
  test::TestClient client(broker.port());
  ASSERT_TRUE(client.publish("s/a", R"({"v":21.5})", 1, true));
  ASSERT_TRUE(client.publish("s/b", "{", 1, true));
  ASSERT_TRUE(client.publish("s/c", R"({"v":400})", 1, true));
  configure("mqtt: { broker: \"" + broker.uri() + "\" }\n",
            "readings:\n  - { topic: \"s/+\", value: /v, unit: C }\n"
            "sensors:\n  - { sensor: \"s/#\", offset: 1, plausible: [-40, 125] }\n");
  ASSERT_EQ(kExitFine, run({"tail", "--count", "3", "--for", "60s"})) << err_.str();
  EXPECT_TRUE(says("  s/a  22.5 C\n")) << out_.str();
  EXPECT_TRUE(says("  s/b  rejected: malformed\n"));
  EXPECT_TRUE(says("  s/c  rejected: implausible\n"));
  ASSERT_EQ(kExitFine, run({"tail", "--rejected", "--count", "1", "--json", "s/c"}));
  EXPECT_EQ("implausible", json::parse(out_.str())["rejected"]);
}

TEST_F(FirstHour, SaysWhatIsMissingWhenThereIsNoBroker) {
  const std::string broker = "mqtt://127.0.0.1:" + std::to_string(test::free_port());
  const std::string advice = "name another broker with --broker";
  configure("mqtt: { broker: \"" + broker + "\" }\n", "");
  EXPECT_EQ(kExitUnreachable, run({"discover", "--for", "1s"}));
  EXPECT_NE(std::string::npos, err_.str().find("cannot connect to 127.0.0.1")) << err_.str();
  EXPECT_NE(std::string::npos, err_.str().find(advice)) << err_.str();
  EXPECT_EQ(kExitUnreachable, run({"discover", "--for", "1s", "--broker", broker}));
  EXPECT_EQ(std::string::npos, err_.str().find(advice)) << "that is known: " << err_.str();
}

TEST_F(FirstHour, ListsSensorsQuarantineAndRulesFromTheDatabase) {
  write_books();
  ASSERT_EQ(kExitFine, run({"sensors"})) << err_.str();
  EXPECT_TRUE(says("sensor  value  unit")) << out_.str();
  ASSERT_EQ(kExitFine, run({"sensors", "a", "--json"}));
  EXPECT_EQ(1u, json::parse(out_.str()).size());
  ASSERT_EQ(kExitFine, run({"quarantine", "--json"}));
  EXPECT_TRUE(json::parse(out_.str())["samples"].is_array());
  ASSERT_EQ(kExitFine, run({"why", "a", "too-hot"})) << err_.str();
  EXPECT_TRUE(says("too-hot on a: ")) << out_.str();
  EXPECT_TRUE(says("above 28"));
  EXPECT_EQ(kExitFindings, run({"why", "a", "too-cold"}));
  EXPECT_NE(std::string::npos, err_.str().find("there is too-hot")) << err_.str();
}

TEST_F(FirstHour, ExportsEveryReadingOnceAndOnlyThoseAskedFor) {
  write_books();
  ASSERT_EQ(kExitFine, run({"export"})) << err_.str();
  const std::string csv = out_.str();
  EXPECT_TRUE(csv.starts_with("time,sensor,value,unit,flags\n"));

  const std::unique_ptr<StoreView> view = std::move(
      StoreView::open(folder_.file("sluice.db"), "", Calendar::load("UTC").value(), OnStore()).value());
  const std::size_t rows = view->rows_after(0, 1000000)->size();
  EXPECT_EQ(rows + 1, static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')));
  ASSERT_EQ(kExitFine, run({"export", "--format", "ndjson", "--sensor", "a", "--from", "2026-03-28", "--to",
                            "2026-03-29", folder_.file("a.ndjson")}));
  std::ifstream file(folder_.file("a.ndjson"));
  std::size_t lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const json row = json::parse(line);
    EXPECT_EQ("a", row["sensor"]);
    EXPECT_TRUE(row["time"].get<std::string>().starts_with("2026-03-28T"));
  }
  EXPECT_LT(0u, lines);
  ASSERT_EQ(kExitFine, run({"export", "--format", "ndjson"}));
  const std::string ndjson = out_.str();
  ASSERT_EQ(kExitFine, run({"export", "--json"}));
  EXPECT_EQ(ndjson, out_.str());
  EXPECT_EQ(kExitFindings, run({"export", folder_.file("a.ndjson")}));
  EXPECT_FALSE(std::filesystem::exists(folder_.file("a.ndjson.partial")));
  std::filesystem::create_directory(folder_.file("b.ndjson.partial"));
  EXPECT_EQ(kExitFindings, run({"export", folder_.file("b.ndjson")}));
  EXPECT_FALSE(std::filesystem::exists(folder_.file("b.ndjson"))) << "only what is complete gets its name";
  EXPECT_EQ(kExitFindings, run({"export", "--sensor", "nobody"}));
}

TEST_F(FirstHour, WarnsOfAFolderForSummariesThatCannotBeWritten) {
  std::ofstream(folder_.file("file")) << "no folder";
  configure("upload: { to: [ { name: a, type: file, path: " + folder_.file("file/out") + " } ] }\n",
            "readings:\n  - { topic: \"#\" }\n");
  ASSERT_EQ(kExitFine, run({"check"})) << err_.str();
  EXPECT_NE(std::string::npos, err_.str().find("ReadWritePaths=" + folder_.file("file/out"))) << err_.str();
  ASSERT_EQ(kExitFine, run({"check", "--json"}));
  EXPECT_EQ("upload.to[0].path", json::parse(out_.str())["warnings"][0]["path"]);
}

TEST_F(FirstHour, SaysWhichFolderIsMissing) {
  write_books();
  EXPECT_EQ(kExitFindings, run({"backup", folder_.file("absent/copy.db")}));
  EXPECT_NE(std::string::npos, err_.str().find("there is no folder " + folder_.file("absent"))) << err_.str();
  std::ofstream(folder_.file("sluice.yaml"))
      << "gateway: { id: test, state_dir: " << folder_.file("later") << " }\nreadings: [{ topic: a }]\n";
  EXPECT_EQ(kExitFindings, run({"import", "-"}));
  EXPECT_NE(std::string::npos, err_.str().find("start sluiced once")) << err_.str();
}

TEST_F(FirstHour, NamesTheDryRunForADayWithoutASummary) {
  write_books();
  EXPECT_EQ(kExitFindings, run({"summary", "--day", "2020-01-01"}));
  EXPECT_NE(std::string::npos, err_.str().find("--dry-run")) << err_.str();
}

TEST_F(FirstHour, BacksUpAndSaysHowToRestore) {
  write_books();
  ASSERT_EQ(kExitFine, run({"backup", folder_.file("copy.db")})) << err_.str();
  EXPECT_TRUE(says("stop sluiced")) << out_.str();
  EXPECT_EQ(kExitFindings, run({"backup", folder_.file("copy.db")}));
}

TEST_F(FirstHour, CompletesCommandsOptionsAndNames) {
  configure("", "readings:\n  - { topic: \"#\" }\n");
  for (const char* shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(kExitFine, run({"completion", shell}));
    for (const char* word : {"discover", "quarantine", "rejected"}) EXPECT_TRUE(says(word)) << shell << word;
  }
  ASSERT_EQ(kExitFine, run({"completion", "rules"}));
  EXPECT_EQ("too-hot\n", out_.str());
}

TEST_F(FirstHour, GivesAnExampleInTheHelpOfEachCommand) {
  for (const CommandWords& command : command_words()) {
    EXPECT_EQ(kExitFine, run({command.name, "--help"}));
    EXPECT_TRUE(says("sluicectl " + command.name) || says(command.name + " ")) << command.name;
    EXPECT_TRUE(says("Example:")) << command.name << out_.str();
    for (const std::string& action : command.words) {
      if (action.starts_with("--")) continue;
      EXPECT_EQ(kExitFine, run({command.name, action, "--help"}));
      EXPECT_TRUE(says("Example: sluicectl " + command.name + " " + action)) << out_.str();
    }
  }
}

}  // namespace
}  // namespace sluice
