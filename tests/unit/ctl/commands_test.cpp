#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "api/status.h"
#include "store/sqlite.h"
#include "unit/api/example_status.h"
#include "unit/audit/example_books.h"
#include "unit/ctl/command_fixture.h"

namespace sluice {
namespace {

using nlohmann::json;

// With a database that is made once.
class Commands : public CommandFixture {
 protected:
  static CommandLine of_day(CommandLine line, int i) {
    line.day = ExampleBooks::day(i);
    return line;
  }
  static void make_books(const std::string& path, std::chrono::milliseconds retention) {
    ExampleBooks books(path, retention);
    books.write();
    books.deliver_everything();
    books.expire(books.calendar().end_ms(ExampleBooks::day(0)) + (48 + 24) * 3600'000);
    books.finish();
  }
  static void SetUpTestSuite() {
    prepared_ = std::make_unique<test::TempFolder>();
    make_books(prepared_->file("sluice.db"), std::chrono::hours(24 * 365));
  }
  static void TearDownTestSuite() { prepared_.reset(); }
  void write_books() { std::filesystem::copy_file(prepared_->file("sluice.db"), database()); }

  static std::unique_ptr<test::TempFolder> prepared_;
};
std::unique_ptr<test::TempFolder> Commands::prepared_;

TEST_F(Commands, SilencesAreMadeListedAndEnded) {
  std::string asked;
  router_.add("POST", "/api/v1/silences", [&](const HttpRequest& request) {
    asked = request.body;
    return http_json("{\"id\":7}\n");
  });
  answer(
      "GET", "/api/v1/silences",
      R"([{"id":7,"sensor":"room/+","alert":"hot","until":"2026-04-01T02:00:00.000Z","comment":"painters"}])");
  router_.add("POST", "/api/v1/silences/end", [&](const HttpRequest& request) {
    asked = request.query.at("id");
    return http_json("{\"ended\":7}\n");
  });
  CommandLine silence = command("alerts", "silence");
  silence.filter = "room/+";
  silence.alert = "hot";
  silence.labels = {"site=berlin"};
  silence.comment = "painters";
  silence.span = "2h";
  EXPECT_EQ(kExitUnreachable, run(silence)) << "nobody can be asked";
  start_daemon();
  EXPECT_EQ(kExitFine, run(silence));
  EXPECT_EQ(json::parse(R"({"sensor":"room/+","alert":"hot","labels":{"site":"berlin"},
                            "until":"2026-04-01T01:33:20.000Z","comment":"painters"})"),
            json::parse(asked));
  EXPECT_EQ(kExitFine, run(command("alerts", "silences")));
  EXPECT_TRUE(says("painters")) << out_.str();
  CommandLine unsilence = command("alerts", "unsilence");
  unsilence.id = 7;
  EXPECT_EQ(kExitFine, run(unsilence));
  EXPECT_EQ("7", asked);

  silence.span = "soon";
  EXPECT_EQ(kExitUsage, run(silence));
  EXPECT_TRUE(warns("--for: expected a duration")) << err_.str();
  silence.span = "2h";
  silence.labels = {"berlin"};
  EXPECT_EQ(kExitUsage, run(silence));
  EXPECT_TRUE(warns("--label: expected NAME=VALUE")) << err_.str();
}

TEST_F(Commands, SilencesAreListedFromTheDatabaseToo) {
  write_books();
  EXPECT_EQ(kExitFine, run(command("alerts", "silences")));
  EXPECT_EQ("nothing is silenced\n", out_.str());
}

TEST_F(Commands, ReportRollsTheDaysOfAPeriodUp) {
  write_books();
  CommandLine report = of_day(command("report", "week", true), 0);
  EXPECT_EQ(kExitFine, run(report));
  const json week = json::parse(out_.str());
  EXPECT_EQ("2026-03-23", week["from"]);
  EXPECT_EQ("2026-03-29", week["to"]);
  EXPECT_EQ(3, week["days"]);
  EXPECT_EQ("a", week["sensors"][0]["sensor"]);
  EXPECT_EQ((24 + 24 + 23) * 12 + 1, week["sensors"][0]["count"]) << "one came late";
  report.action = "month";
  report.json = false;
  EXPECT_EQ(kExitFine, run(report));
  EXPECT_TRUE(says("2026-03-01 to 2026-03-31: 4 days with a summary, 0 incomplete")) << out_.str();
  report.action = "year";
  report.csv = true;
  EXPECT_EQ(kExitFine, run(report));
  EXPECT_TRUE(says("\"a\",\"°C\",gauge,4,")) << out_.str();
}

TEST_F(Commands, SummaryShowsADayAsItWouldBeWritten) {
  write_books();
  CommandLine summary = of_day(command("summary", "", true), ExampleBooks::kDays);
  summary.dry_run = true;
  EXPECT_EQ(kExitFine, run(summary)) << err_.str();
  const json today = json::parse(out_.str());
  EXPECT_EQ(1, today["revision"]);
  EXPECT_EQ(3u, today["sensors"].size());
}

TEST_F(Commands, StatusShowsWhatTheDaemonSays) {
  StatusSnapshot status = example_status();
  answer("GET", "/api/v1/status", status_to_json(status));
  start_daemon();
  EXPECT_EQ(kExitFindings, run(command("status")));
  EXPECT_EQ(status_to_text(status), out_.str());
  EXPECT_EQ("", err_.str());
  EXPECT_EQ(kExitFindings, run(command("status", "", true)));
  EXPECT_EQ(status_to_json(status), out_.str());
}

TEST_F(Commands, StatusIsFineWithoutProblems) {
  StatusSnapshot status = example_status();
  status.problems.clear();
  answer("GET", "/api/v1/status", status_to_json(status));
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("status")));
}

TEST_F(Commands, StatusSaysWithoutADaemonWhatTheDatabaseKnows) {
  EXPECT_EQ(kExitUnreachable, run(command("status")));
  EXPECT_TRUE(warns("there is no database")) << err_.str();
  write_books();
  EXPECT_EQ(kExitUnreachable, run(command("status")));
  EXPECT_TRUE(warns("sluiced does not answer")) << err_.str();
  EXPECT_TRUE(says("stopped"));
  EXPECT_TRUE(says("3 sensors")) << out_.str();
  EXPECT_TRUE(says("newest summary 2026-03-30")) << out_.str();
  EXPECT_TRUE(says("systemctl status sluiced")) << out_.str();
}

TEST_F(Commands, AlertsComeFromTheDaemonOrTheDatabase) {
  write_books();
  EXPECT_EQ(kExitFine, run(command("alerts", "list", true)));
  const std::string list = out_.str();
  EXPECT_EQ("too-hot", json::parse(list)[0]["alert"]);
  EXPECT_EQ(kExitFine, run(command("alerts", "list")));
  const std::string table = out_.str();
  EXPECT_TRUE(says("too-hot")) << table;
  EXPECT_TRUE(warns("instead"));
  answer("GET", "/api/v1/alerts", list);
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("alerts", "list")));
  EXPECT_EQ(table, out_.str());
  EXPECT_EQ("", err_.str());
}

TEST_F(Commands, AlertsSayWhenNoneStands) {
  answer("GET", "/api/v1/alerts", "[]");
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("alerts", "list")));
  EXPECT_EQ("no alert stands\n", out_.str());
}

TEST_F(Commands, SummaryListsDaysAndShowsOne) {
  write_books();
  EXPECT_EQ(kExitFine, run(command("summary")));
  EXPECT_TRUE(says("2026-03-28         2"));  // the day with a second revision
  EXPECT_TRUE(says("2026-03-30         1")) << out_.str();
  EXPECT_EQ(kExitFine, run(command("summary", "", true)));
  EXPECT_EQ(4u, json::parse(out_.str()).size());
  EXPECT_EQ(kExitFine, run(of_day(command("summary"), 2)));
  EXPECT_TRUE(says("2026-03-29 in Europe/Berlin, revision 1"));
  EXPECT_TRUE(says("\na       °C      276")) << out_.str();
}

TEST_F(Commands, SummaryGivesTheFrozenBytesAndOlderRevisions) {
  write_books();
  CommandLine line = of_day(command("summary", "", true), ExampleBooks::kLateDay);
  std::unique_ptr<StoreView> view =
      std::move(StoreView::open(database(), "", Calendar::load("Europe/Berlin").value(), OnStore()).value());
  EXPECT_EQ(kExitFine, run(line));
  EXPECT_EQ((*view->revision(*line.day, 2))->body, out_.str());
  line.revision = 1;
  EXPECT_EQ(kExitFine, run(line));
  EXPECT_EQ((*view->revision(*line.day, 1))->body, out_.str());
  line.revision = 3;
  EXPECT_EQ(kExitFindings, run(line));
  EXPECT_TRUE(warns("revision 3 of 2026-03-28")) << err_.str();
}

TEST_F(Commands, UploadStatusListsItems) {
  write_books();
  EXPECT_EQ(kExitFine, run(command("upload", "status")));
  EXPECT_TRUE(says("archive  delivered")) << out_.str();
  answer("GET", "/api/v1/upload", R"([{"date":"2026-03-29","revision":1,"sink":"cloud","state":"parked"}])");
  start_daemon();
  EXPECT_EQ(kExitFindings, run(command("upload", "status")));
  EXPECT_TRUE(says("sluicectl upload retry")) << out_.str();
}

TEST_F(Commands, UploadOrdersNeedTheDaemon) {
  write_books();
  EXPECT_EQ(kExitUnreachable, run(command("upload", "now")));
  EXPECT_EQ(kExitUnreachable, run(command("upload", "retry")));
  EXPECT_EQ("", out_.str());
  answer("POST", "/api/v1/upload/now", R"({"asked":"deliver"})");
  answer("POST", "/api/v1/upload/retry", "the store does not answer", 503);
  start_daemon();
  EXPECT_EQ(kExitFine, run(command("upload", "now")));
  EXPECT_TRUE(says("sluicectl upload shows when")) << out_.str();
  EXPECT_EQ(kExitFindings, run(command("upload", "retry")));
  EXPECT_EQ("sluicectl: the store does not answer\n", err_.str());
}

TEST_F(Commands, UploadOrdersNameWhatTheyAreAbout) {
  write_books();
  CommandLine line = of_day(command("upload", "retry"), 0);
  line.sink = "cloud";
  answer("POST", "/api/v1/upload/retry", R"({"waiting_again":1})");
  answer("POST", "/api/v1/upload/discard", R"({"discarded":2})");
  answer("GET", "/api/v1/upload",
         R"([{"date":"2026-03-29","revision":1,"sink":"cloud","state":"parked"},
             {"date":"2026-03-28","revision":1,"sink":"cloud","state":"delivered"}])");
  start_daemon();
  EXPECT_EQ(kExitFine, run(line));
  EXPECT_TRUE(says("1 delivery asked for again")) << out_.str();
  line.action = "discard";
  EXPECT_EQ(kExitUsage, run(line)) << "without --yes";
  EXPECT_TRUE(says("2026-03-29"));
  EXPECT_FALSE(says("2026-03-28")) << "what was delivered cannot be given up";
  EXPECT_TRUE(warns("add --yes"));
  line.yes = true;
  EXPECT_EQ(kExitFine, run(line));
  EXPECT_EQ("2 deliveries given up\n", out_.str());
  line.sink = "a&b";
  EXPECT_EQ(kExitUsage, run(line));
}

TEST_F(Commands, NamesThatThereAreNotAreAnsweredWithThoseThatThereAre) {
  write_books();
  CommandLine upload = command("upload", "status");
  upload.sink = "nosuch";
  EXPECT_EQ(kExitFindings, run(upload));
  EXPECT_TRUE(warns("no sink is named \"nosuch\"; there is archive")) << err_.str();
  upload.sink = "archive";
  EXPECT_EQ(kExitFine, run(upload)) << err_.str();
  CommandLine quarantine = command("quarantine");
  quarantine.reason = "nonsense";
  EXPECT_EQ(kExitFindings, run(quarantine));
  EXPECT_TRUE(warns("the reasons are ") && warns("malformed") && warns("implausible")) << err_.str();
  for (const char* reason : {"malformed", "messages_rejected/malformed"}) {
    quarantine.reason = reason;
    EXPECT_EQ(kExitFine, run(quarantine)) << err_.str();
  }
}

TEST_F(Commands, SpansThatHoldNothingAreRefused) {
  write_books();
  CommandLine line = command("backtest");
  line.from_ms = 1775000000001;
  EXPECT_EQ(kExitUsage, run(line));
  EXPECT_TRUE(warns("is in the future")) << err_.str();
  line = command("export");
  line.from_ms = 2000;
  line.to_ms = 1000;
  EXPECT_EQ(kExitUsage, run(line));
  EXPECT_EQ("", out_.str());
}

TEST_F(Commands, AuditProvesBooksOrNamesTheDay) {
  write_books();
  EXPECT_EQ(kExitFine, run(command("audit"))) << out_.str();
  EXPECT_TRUE(says("the books balance\n"));
  Connection::open({.path = database(), .vfs = ""})
      .value()
      ->execute(
          "UPDATE reading SET value = value + 1 WHERE id = (SELECT max(first_row) FROM batch WHERE "
          "max_time_ms "
          "< (SELECT max_time_ms FROM batch ORDER BY id DESC LIMIT 1) - 86400000)")
      .ok();
  EXPECT_EQ(kExitFindings, run(command("audit")));
  EXPECT_TRUE(says("2026-03-30: the rows of batch")) << out_.str();
  EXPECT_TRUE(says("do not balance"));
  EXPECT_EQ(kExitFindings, run(of_day(command("audit", "", true), 3)));
  json report = json::parse(out_.str());
  EXPECT_EQ("2026-03-30", report["findings"][0]["date"]);
  EXPECT_EQ("WRONG", report["days"][0]["verdict"]);
  EXPECT_EQ(kExitFine, run(of_day(command("audit"), 2)));
}

TEST_F(Commands, AuditSaysWhenRowsHaveExpired) {
  make_books(database(), std::chrono::hours(48));
  EXPECT_EQ(kExitCannotCheck, run(command("audit")));
  EXPECT_TRUE(says("as far as they can be checked")) << out_.str();
  EXPECT_EQ(kExitCannotCheck, run(of_day(command("audit"), 0)));
  EXPECT_EQ(kExitFine, run(of_day(command("audit"), 3)));
}

}  // namespace
}  // namespace sluice
