#include "ctl/command_line.h"

#include <gtest/gtest.h>

#include <sstream>

#include "ctl/exit_code.h"

namespace sluice {
namespace {

class CommandLines : public ::testing::Test {
 protected:
  CommandLine parse(std::vector<std::string> arguments) {
    ParsedCommandLine parsed = parse_command_line(std::move(arguments), out_, err_);
    EXPECT_FALSE(parsed.exit_code.has_value()) << err_.str();
    return parsed.line;
  }
  int refuse(std::vector<std::string> arguments) {
    return parse_command_line(std::move(arguments), out_, err_).exit_code.value_or(-1);
  }
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLines, TakeOptionsBeforeAndAfterTheCommand) {
  for (auto arguments : {std::vector<std::string>{"--config", "x.yaml", "status", "--json"},
                         std::vector<std::string>{"status", "--json", "--config", "x.yaml"}}) {
    CommandLine line = parse(arguments);
    EXPECT_EQ("status", line.command);
    EXPECT_EQ("x.yaml", line.config);
    EXPECT_TRUE(line.json);
  }
  EXPECT_EQ("/etc/sluice/sluice.yaml", parse({"check"}).config);
  EXPECT_TRUE(parse({"check", "--verbose"}).verbose);
}

TEST_F(CommandLines, TakeDaysAndRevisions) {
  CommandLine line = parse({"summary", "--day", "2026-03-29", "--revision", "2"});
  EXPECT_EQ(*parse_date("2026-03-29"), line.day);
  EXPECT_EQ(2, line.revision);
  EXPECT_FALSE(parse({"summary"}).day.has_value());
  EXPECT_EQ(*parse_date("2026-03-29"), parse({"audit", "--day=2026-03-29"}).day);
}

TEST_F(CommandLines, TakeOnePeriodToReportOn) {
  EXPECT_EQ("week", parse({"report", "--week"}).action);
  EXPECT_FALSE(parse({"report", "--week"}).day.has_value());
  CommandLine line = parse({"report", "--month", "2026-03-29", "--csv"});
  EXPECT_EQ("month", line.action);
  EXPECT_TRUE(line.csv);
  EXPECT_EQ(*parse_date("2026-03-29"), line.day);
  EXPECT_EQ(kExitUsage, refuse({"report"}));
  EXPECT_EQ(kExitUsage, refuse({"report", "--week", "--year"}));
  EXPECT_EQ(kExitUsage, refuse({"report", "--week", "2026-03-99"}));
  EXPECT_TRUE(parse({"summary", "--day", "2026-03-29", "--dry-run"}).dry_run);
  EXPECT_TRUE(parse({"summary", "--dry-run"}).dry_run) << "of today";
}

TEST_F(CommandLines, TakeActionsWithADefault) {
  EXPECT_EQ("list", parse({"alerts"}).action);
  EXPECT_EQ("list", parse({"alerts", "list", "--json"}).action);
  EXPECT_EQ("test", parse({"alerts", "test", "ops"}).action);
  EXPECT_EQ("ops", parse({"alerts", "test", "ops", "--json"}).name);
  EXPECT_EQ("status", parse({"upload"}).action);
  EXPECT_EQ("status", parse({"upload", "status"}).action);
  EXPECT_EQ("retry", parse({"upload", "retry"}).action);
  EXPECT_EQ("now", parse({"upload", "--now"}).action);
  CommandLine discard = parse({"upload", "discard", "--sink", "cloud", "--day", "2026-03-28", "--yes"});
  EXPECT_EQ("discard", discard.action);
  EXPECT_EQ("cloud", discard.sink);
  EXPECT_EQ("2026-03-28", format_date(*discard.day));
  EXPECT_TRUE(discard.yes);
  EXPECT_FALSE(parse({"upload", "retry", "--sink", "cloud"}).yes);
}

TEST_F(CommandLines, AreRefusedWithStatusTwoWhenWrong) {
  EXPECT_EQ(kExitUsage, refuse({}));
  EXPECT_EQ(kExitUsage, refuse({"frobnicate"}));
  EXPECT_EQ(kExitUsage, refuse({"status", "--frobnicate"}));
  EXPECT_EQ(kExitUsage, refuse({"status", "audit"}));
  EXPECT_EQ(kExitUsage, refuse({"audit", "--day", "2026-02-30"}));
  EXPECT_EQ(kExitUsage, refuse({"audit", "--day"}));
  EXPECT_EQ(kExitUsage, refuse({"summary", "--revision", "1"}));
  EXPECT_EQ(kExitUsage, refuse({"summary", "--day", "2026-03-29", "--revision", "0"}));
  EXPECT_EQ(kExitUsage, refuse({"upload", "--now", "retry"}));
  EXPECT_NE(std::string::npos, err_.str().find("2026-02-30")) << err_.str();
  EXPECT_EQ("", out_.str());
}

TEST_F(CommandLines, NameTheUnknownCommandAndTheNearest) {
  const std::tuple<std::vector<std::string>, const char*> wrong[] = {
      {{"statsu"}, "unknown command \"statsu\"; did you mean \"status\"?\n"},
      {{"alert", "--json"}, "unknown command \"alert\"; did you mean \"alerts\"?\n"},
      {{"--config", "x.yaml", "audti"}, "unknown command \"audti\"; did you mean \"audit\"?\n"},
      {{"alerts", "silnce", "--for", "2h"},
       "unknown command \"alerts silnce\"; did you mean \"alerts silence\"?\n"},
      {{"upload", "frobnicate"},
       "unknown command \"upload frobnicate\"; expected upload status, retry or discard\n"},
  };
  for (const auto& [arguments, said] : wrong) {
    err_.str("");
    EXPECT_EQ(kExitUsage, refuse(arguments));
    EXPECT_EQ(0u, err_.str().find(said)) << err_.str();
  }
  err_.str("");
  EXPECT_EQ(kExitUsage, refuse({"status", "--frobnicate"}));
  EXPECT_EQ(std::string::npos, err_.str().find("unknown command")) << err_.str();
}

TEST_F(CommandLines, RefuseWhatIsNoFilterAndNoBroker) {
  for (const char* command : {"discover", "tail", "sensors"}) {
    err_.str("");
    EXPECT_EQ(kExitUsage, refuse({command, "#/a"}));
    EXPECT_NE(std::string::npos, err_.str().find("'#' is the last level")) << err_.str();
  }
  EXPECT_EQ(kExitUsage, refuse({"export", "--sensor", "a+"}));
  EXPECT_EQ(kExitUsage, refuse({"export", "--json", "--format", "csv"}));
  for (const char* count : {"0", "-1", "1.5", "many", "99999999999999999999"}) {
    EXPECT_EQ(kExitUsage, refuse({"tail", "--count", count}));
    EXPECT_NE(std::string::npos, err_.str().find("--count: expected 1 or more\n")) << err_.str();
    EXPECT_EQ(kExitUsage, refuse({"quarantine", "--limit", count}));
    EXPECT_NE(std::string::npos, err_.str().find("--limit: expected a number from 1 to 1000\n"))
        << err_.str();
  }
  err_.str("");
  EXPECT_EQ(kExitUsage, refuse({"discover", "--broker", "127.0.0.1:18883"}));
  EXPECT_NE(std::string::npos, err_.str().find("did you mean \"mqtt://127.0.0.1:18883\"?")) << err_.str();
  EXPECT_EQ("mqtt://pi:18883", parse({"discover", "--broker", "mqtt://pi:18883"}).broker);
}

TEST_F(CommandLines, SayWhichDurationWasMeant) {
  for (auto arguments : {std::vector<std::string>{"tail", "--for", "1.5h"},
                         std::vector<std::string>{"alerts", "silence", "--for", "1.5h"}}) {
    err_.str("");
    EXPECT_EQ(kExitUsage, refuse(arguments));
    EXPECT_NE(std::string::npos, err_.str().find("did you mean \"90m\"?")) << err_.str();
  }
}

TEST_F(CommandLines, NeverRepeatAPassword) {
  for (const char* broker : {"mqtt://gw:geheim@pi", "gw:geheim@pi:1883"}) {
    EXPECT_EQ(kExitUsage, refuse({"discover", "--broker", broker}));
  }
  EXPECT_NE(std::string::npos, err_.str().find("mqtt.password_file")) << err_.str();
  EXPECT_EQ(std::string::npos, err_.str().find("geheim")) << err_.str();
}

TEST_F(CommandLines, SayNothingOfWhatIsInside) {
  EXPECT_EQ(kExitFine, refuse({"import", "--help"}));
  EXPECT_EQ(std::string::npos, out_.str().find("->")) << out_.str();
  EXPECT_EQ(ImportFormat::Kind::kNdjson, parse({"import", "--format", "ndjson", "-"}).import.kind);
  EXPECT_EQ(kExitUsage, refuse({"import", "--format", "1", "-"}));
  err_.str("");
  EXPECT_EQ(kExitUsage, refuse({"completion", "nu"}));
  EXPECT_NE(std::string::npos, err_.str().find("\"nu\"; expected bash, zsh or fish\n")) << err_.str();
  EXPECT_EQ("rules", parse({"completion", "rules"}).shell);
}

TEST_F(CommandLines, ExplainThemselves) {
  EXPECT_EQ(kExitFine, refuse({"--help"}));
  for (const char* word : {"check", "status", "alerts", "summary", "upload", "audit", "Exit status"}) {
    EXPECT_NE(std::string::npos, out_.str().find(word)) << word;
  }
  EXPECT_EQ(kExitFine, refuse({"upload", "--help"}));
  EXPECT_EQ(kExitFine, refuse({"--version"}));
}

}  // namespace
}  // namespace sluice
