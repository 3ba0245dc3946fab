#include "ctl/commands.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "api/status.h"
#include "ctl/exit_code.h"
#include "store/sqlite.h"
#include "support/temp_folder.h"
#include "unit/api/example_status.h"
#include "unit/api/served.h"
#include "unit/audit/example_books.h"

namespace sluice {
namespace {

using nlohmann::json;

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream config(folder_.file("sluice.yaml"));
    config << "gateway: { id: test, timezone: Europe/Berlin, state_dir: " << folder_.path()
           << ", runtime_dir: " << folder_.path() << " }\n"
           << "readings:\n  - { topic: \"sensors/#\" }\n";
  }
  int run(const CommandLine& wanted) {
    CommandLine line = wanted;
    if (line.config == CommandLine().config) line.config = folder_.file("sluice.yaml");
    out_.str("");
    err_.str("");
    FakeClock clock(1775000000000);
    return run_command(line, clock, out_, err_);
  }
  static CommandLine command(const char* name, const char* action = "", bool as_json = false) {
    CommandLine line;
    line.command = name;
    line.action = action;
    line.json = as_json;
    return line;
  }
  static CommandLine of_day(CommandLine line, int i) {
    line.day = ExampleBooks::day(i);
    return line;
  }
  bool says(const std::string& words) const { return out_.str().find(words) != std::string::npos; }
  bool warns(const std::string& words) const { return err_.str().find(words) != std::string::npos; }

  std::string database() const { return folder_.file("sluice.db"); }
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

  // A daemon that gives one answer.
  void answer(const char* method, const char* path, const std::string& body, int status = 200) {
    router_.add(method, path, [=](const HttpRequest&) {
      HttpResponse response = status == 200 ? http_json(body) : http_error(status, body);
      return response;
    });
  }
  void start_daemon() {
    server_ = std::make_unique<HttpServer>(router_, HttpLimits{});
    ASSERT_TRUE(server_->open_unix(folder_.file("api.sock")).ok());
    served_ = std::make_unique<Served>(*server_);
  }

  static std::unique_ptr<test::TempFolder> prepared_;
  test::TempFolder folder_;
  Router router_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Served> served_;
  std::ostringstream out_;
  std::ostringstream err_;
};
std::unique_ptr<test::TempFolder> Commands::prepared_;

TEST_F(Commands, CheckTellsAGoodConfigurationFromAWrongOne) {
  CommandLine check = command("check");
  EXPECT_EQ(kExitFine, run(check));
  EXPECT_EQ("configuration is fine\n", out_.str());
  check.verbose = true;
  EXPECT_EQ(kExitFine, run(check));
  EXPECT_TRUE(says("Europe/Berlin")) << out_.str();
  EXPECT_EQ(kExitFine, run(command("check", "", true)));
  EXPECT_EQ("fine", json::parse(out_.str())["configuration"]);

  check.config = folder_.file("wrong.yaml");
  std::ofstream(check.config) << "gatewy: {}\nreadings: [{ topic: \"#\" }]\n";
  EXPECT_EQ(kExitConfiguration, run(check));
  EXPECT_TRUE(warns("wrong.yaml:1:1")) << err_.str();
  check.config = folder_.file("absent.yaml");
  EXPECT_EQ(kExitConfiguration, run(check));
  EXPECT_TRUE(warns("absent.yaml")) << err_.str();
}

TEST_F(Commands, CheckSaysInASentenceWhatEachDerivedSensorIs) {
  CommandLine check = command("check");
  check.explain = true;
  check.config = folder_.file("derived.yaml");
  std::ofstream(check.config) << R"(
readings: [{ topic: "#", format: number }]
derived:
  - { name: margin, value: 'wall - dew_point(t, rh)', unit: K, inputs: {
        t: { sensor: cellar/t }, rh: { sensor: cellar/rh, within: 30m }, wall: { sensor: wall, within: 2h } } }
  - { name: twice, value: 2 * x, inputs: { x: { sensor: a } } }
)";
  EXPECT_EQ(kExitFine, run(check));
  EXPECT_EQ(
      R"(configuration is fine
margin is wall - dew_point(t, rh) in K, computed at each new reading of t (cellar/t), rh (cellar/rh) )"
      R"(or wall (wall); there is none while t is more than 10m, rh 30m or wall 2h older than the newest )"
      R"(of them; for alerts only.
twice is 2 * x, computed at each new reading of x (a); for alerts only.
)",
      out_.str());
}

TEST_F(Commands, CheckSaysInASentenceWhatEachAlertDoes) {
  CommandLine check = command("check");
  check.explain = true;
  check.config = folder_.file("alerts.yaml");
  std::ofstream(check.config) << R"(
readings: [{ topic: "#", format: number }]
alerts:
  - { name: hot, sensor: "a/+", above: 28, clear: 27, for: 30s, severity: critical, repeat: 4h }
  - { name: heat, sensor: "a/b", levels: [{ severity: warning, below: 5 }, { severity: critical, below: 2 }] }
  - { name: mean, sensor: "#", over: { function: mean, window: 10m, every: 1m }, outside: [1, 2], notify: [] }
  - { name: fast, sensor: "#", rate: { below: -2, per: 1m, within: 5m }, keep_firing_for: 1m }
  - { name: leap, sensor: "#", changes_by: { more_than: 5, within: 10m } }
  - { name: stuck, sensor: "#", stuck_for: 2h, tolerance: 0.2 }
  - { name: spikes, sensor: "#", count: { of: { above: 9 }, more_than: 2, within: 10m } }
  - { name: gaps, sensor: "#", missing_ratio: { above: 0.4, within: 5m } }
  - { name: silent, sensor: "#", silent_for: 5m, active: [{ days: [mon, sat], hours: "07:00-19:00" }] }
  - { name: open, sensor: "#", equals: true, accept: [retained, queued], flap: { changes: 4, within: 1h } }
)";
  EXPECT_EQ(kExitFine, run(check));
  EXPECT_EQ(
      R"(configuration is fine
hot fires as critical for a sensor that matches a/+ once its value is above 28 and that has lasted 30s; )"
      R"(ends at 27 or less; tells mqtt and again every 4h.
heat fires for a sensor that matches a/b once its value is below 5 (warning), below 2 (critical); )"
      R"(ends when that is over; tells mqtt.
mean fires as warning for a sensor that matches # once the mean over 10m at the end of every 1m is )"
      R"(outside 1 to 2; ends when that is over; tells nobody.
fast fires as warning for a sensor that matches # once the change per 1m over 5m is below -2; )"
      R"(ends when that is over and has stayed so for 1m; tells mqtt.
leap fires as warning for a sensor that matches # once its value is further than 5 from another one )"
      R"(within 10m; ends when that is over; tells mqtt.
stuck fires as warning for a sensor that matches # once its values have stayed within 0.2 of each other )"
      R"(for 2h; ends when that is over; tells mqtt.
spikes fires as warning for a sensor that matches # once more than 2 values within 10m are above 9; )"
      R"(ends when that is over; tells mqtt.
gaps fires as warning for a sensor that matches # once of the readings expected within 5m more than 40 % )"
      R"(are missing; ends when that is over; tells mqtt.
silent fires as warning for a sensor that matches # once nothing was heard of it for 5m while subscribed; )"
      R"(ends with the next reading; tells mqtt, only at mon sat 07:00-19:00.
open fires as warning for a sensor that matches # once its value is equal to 1; ends when that is over; )"
      R"(4 changes within 1h make it stand until it has been calm for as long; takes readings that are )"
      R"(queued, retained like any other; tells mqtt.
)",
      out_.str());
}

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
  EXPECT_EQ("asked: deliver\n", out_.str());
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
  EXPECT_EQ("waiting_again: 1\n", out_.str());
  line.action = "discard";
  EXPECT_EQ(kExitUsage, run(line)) << "without --yes";
  EXPECT_TRUE(says("2026-03-29"));
  EXPECT_FALSE(says("2026-03-28")) << "what was delivered cannot be given up";
  EXPECT_TRUE(warns("add --yes"));
  line.yes = true;
  EXPECT_EQ(kExitFine, run(line));
  EXPECT_EQ("discarded: 2\n", out_.str());
  line.sink = "a&b";
  EXPECT_EQ(kExitUsage, run(line));
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
