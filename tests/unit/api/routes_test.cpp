#include "api/routes.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "unit/api/example_status.h"

namespace sluice {
namespace {

class FakeSource final : public ApiSource {
 public:
  StatusSnapshot status() override { return example_status(); }
  MetricsSnapshot metrics() override { return {}; }
  std::vector<HealthCheck> health() override { return checks; }
  std::int64_t now_wall_ms() override { return 1772366400000; }
  Result<std::string> alerts(std::size_t limit) override { return "alerts " + std::to_string(limit); }
  Result<std::string> events(std::size_t limit) override { return "events " + std::to_string(limit); }
  Result<std::string> sensors(std::int64_t after, std::size_t limit) override {
    return "sensors " + std::to_string(after) + " " + std::to_string(limit);
  }
  Result<std::string> readings(const ReadingsQuery& query) override {
    return query.sensor + " " + std::to_string(query.from_ms) + " " + std::to_string(query.to_ms) + " " +
           std::to_string(query.limit) + " " + std::to_string(query.after);
  }
  Result<std::string> summaries(std::size_t limit) override { return "summaries " + std::to_string(limit); }
  Result<std::string> summary(Day day, std::optional<int> revision) override {
    if (day != *parse_date("2026-02-28")) return make_error(ErrorCode::kNotFound, "no summary of that day");
    return "summary " + std::to_string(revision.value_or(0));
  }
  Result<std::string> quarantine(const std::string& reason, std::size_t limit) override {
    return "quarantine " + reason + " " + std::to_string(limit);
  }
  Result<std::string> why(const std::string& sensor, const std::string& rule) override {
    return "why " + sensor + " " + rule;
  }
  Result<std::string> outbox(const OutboxSelection& which, std::size_t limit) override {
    return "outbox " + std::to_string(limit) + which.sink + (which.day ? format_date(*which.day) : "");
  }
  Result<std::string> alerts_test(const std::string& name) override {
    if (name == "ops") return std::string("test ops");
    return make_error(ErrorCode::kNotFound, "no such channel");
  }
  Result<std::string> alerts_test_result(const std::string& test) override { return "result " + test; }
  Result<std::string> silences() override { return std::string("silences"); }
  Result<std::string> silence(const std::string& body) override { return "silence " + body; }
  Result<std::string> unsilence(std::uint64_t id) override { return "unsilence " + std::to_string(id); }
  Result<std::string> upload_now() override { return std::string("now"); }
  Result<std::string> store_now() override { return std::string("stored"); }
  Result<std::string> reload() override { return make_error(ErrorCode::kInvalid, "f:1:2: key: is wrong"); }
  Result<std::string> upload_retry(const OutboxSelection& which) override {
    if (which.sink == "cloud") return "retry cloud" + (which.day ? " " + format_date(*which.day) : "");
    return make_error(ErrorCode::kUnavailable, "the store does not answer");
  }
  Result<std::string> upload_discard(const OutboxSelection& which) override {
    return "discard [" + which.sink + "]" + (which.day ? " " + format_date(*which.day) : "");
  }
  std::vector<HealthCheck> checks{{"store", true, Vital::kReadiness, ""}};
};

class Routes : public ::testing::Test {
 protected:
  void SetUp() override { add_routes(router_, source_); }
  HttpResponse get(const std::string& path, std::map<std::string, std::string> query = {}) {
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.query = std::move(query);
    return router_.handle(request);
  }
  HttpResponse post(const std::string& path, std::map<std::string, std::string> query = {}) {
    HttpRequest request;
    request.query = std::move(query);
    request.method = "POST";
    request.path = path;
    return router_.handle(request);
  }
  FakeSource source_;
  Router router_;
};

TEST_F(Routes, AskTheSource) {
  EXPECT_EQ("alerts 10000", get("/api/v1/alerts").body);
  EXPECT_EQ("sensors 0 1000", get("/api/v1/sensors").body);
  EXPECT_EQ("summaries 400", get("/api/v1/summaries").body);
  EXPECT_EQ("quarantine malformed 5",
            get("/api/v1/quarantine", {{"reason", "malformed"}, {"limit", "5"}}).body);
  EXPECT_EQ("why a/b hot", get("/api/v1/why", {{"sensor", "a/b"}, {"rule", "hot"}}).body);
  EXPECT_EQ(400, get("/api/v1/why", {{"sensor", "a/b"}}).status);
  EXPECT_EQ("summary 0", get("/api/v1/summaries/2026-02-28").body);
  EXPECT_EQ("summary 3", get("/api/v1/summaries/2026-02-28/3").body);
  EXPECT_EQ("events 7", get("/api/v1/events", {{"limit", "7"}}).body);
  EXPECT_EQ("outbox 100", get("/api/v1/upload").body);
  EXPECT_EQ("outbox 7cloud2026-03-28",
            get("/api/v1/upload", {{"limit", "7"}, {"sink", "cloud"}, {"day", "2026-03-28"}}).body);
  EXPECT_EQ(400, get("/api/v1/upload", {{"day", "2026-02-30"}}).status);
  EXPECT_EQ("now", post("/api/v1/upload/now").body);
  EXPECT_EQ("retry cloud 2026-03-28",
            post("/api/v1/upload/retry", {{"sink", "cloud"}, {"day", "2026-03-28"}}).body);
  EXPECT_EQ("discard []", post("/api/v1/upload/discard").body);
  EXPECT_EQ(400, post("/api/v1/upload/discard", {{"day", "yesterday"}}).status);
  EXPECT_EQ(status_to_json(example_status()), get("/api/v1/status").body);
}

TEST_F(Routes, ReadTimesAsTextOrMilliseconds) {
  EXPECT_EQ("a/b 1772362800000 1772366400000 1000 0", get("/api/v1/readings", {{"sensor", "a/b"}}).body);
  EXPECT_EQ(
      " 1767225600000 1767225660000 5 0",
      get("/api/v1/readings", {{"from", "2026-01-01T00:00:00Z"}, {"to", "1767225660000"}, {"limit", "5"}})
          .body);
}

TEST_F(Routes, AnswerAWrongQuestionWithWhatWasExpected) {
  EXPECT_EQ(400, get("/api/v1/readings", {{"from", "yesterday"}}).status);
  EXPECT_EQ(400, get("/api/v1/readings", {{"from", "2000"}, {"to", "1000"}}).status);
  for (const char* limit : {"0", "-1", "many", "99999999", "1 "}) {
    EXPECT_EQ(400, get("/api/v1/events", {{"limit", limit}}).status) << limit;
  }
  EXPECT_EQ(400, get("/api/v1/summaries/2026-02-30").status);
  EXPECT_EQ(400, get("/api/v1/summaries/2026-02-28/0").status);
  EXPECT_EQ(400, get("/api/v1/summaries/2026-02-28/1/2").status);
  EXPECT_EQ(404, get("/api/v1/summaries/2026-02-27").status);
  EXPECT_EQ(405, get("/api/v1/upload/now").status);
  EXPECT_EQ(503, post("/api/v1/upload/retry").status);
  EXPECT_NE(std::string::npos, post("/api/v1/upload/retry").body.find("the store does not answer"));
}

TEST_F(Routes, TakeADayAsTheCommandLineDoes) {
  EXPECT_EQ(" 1767225600000 1767312000000 1000 0",
            get("/api/v1/readings", {{"from", "2026-01-01"}, {"to", "2026-01-02"}}).body);
  EXPECT_EQ(" 1767225600000 1767229200000 1000 0",
            get("/api/v1/readings", {{"from", "2026-01-01T00:00:00"}, {"to", "2026-01-01T01:00:00"}}).body);
}

TEST_F(Routes, RefuseAParameterThatTheyDoNotKnow) {
  const HttpResponse refused = get("/api/v1/readings", {{"bogus", "1"}});
  EXPECT_EQ(400, refused.status);
  EXPECT_NE(std::string::npos, refused.body.find("bogus")) << refused.body;
  EXPECT_NE(std::string::npos, refused.body.find("sensor, from, to, after, limit")) << refused.body;
  EXPECT_EQ(400, post("/api/v1/upload/discard", {{"snik", "cloud"}}).status) << "that would be all of them";
  EXPECT_EQ(400, get("/api/v1/status", {{"x", ""}}).status);
  EXPECT_EQ(200, get("/healthz", {{"x", ""}}).status) << "probes add what they like";
}

// Each route is a row of the table in daemon/api/README.md, and can be found from the root.
TEST_F(Routes, AreListedAtTheRootAndInTheReadme) {
  std::ifstream file(SLUICE_API_README);
  const std::string readme((std::istreambuf_iterator<char>(file)), {});
  const auto list = nlohmann::json::parse(get("/").body)["routes"];
  EXPECT_LT(20u, list.size());
  for (const auto& route : list) {
    std::string row =
        "| " + route["method"].get<std::string>() + " | `" + route["path"].get<std::string>() + "` |";
    if (route.contains("answers")) {
      for (const auto& name : route["parameters"]) row += " `" + name.get<std::string>() + "`";
      row += std::string(route["parameters"].empty() ? " –" : "") + " | " +
             route["answers"].get<std::string>() + " |";
    }
    EXPECT_NE(std::string::npos, readme.find(row + (route.contains("answers") ? "\n" : ""))) << row;
  }
}

TEST_F(Routes, HandThePlaceInAListOn) {
  EXPECT_EQ("sensors 17 5", get("/api/v1/sensors", {{"after", "17"}, {"limit", "5"}}).body);
  EXPECT_EQ(" 0 1 1000 9007199254740993",
            get("/api/v1/readings", {{"from", "0"}, {"to", "1"}, {"after", "9007199254740993"}}).body);
  for (const char* list : {"/api/v1/sensors", "/api/v1/readings"}) {
    for (const char* after : {"-1", "x", "", "9223372036854775808"}) {
      EXPECT_EQ(400, get(list, {{"after", after}}).status) << list << " " << after;
    }
  }
}

TEST_F(Routes, AnswerWithNoMoreThanTheirLimit) {
  for (const char* list : {"alerts", "events", "sensors", "readings", "summaries", "quarantine", "upload"}) {
    EXPECT_EQ(400, get(std::string("/api/v1/") + list, {{"limit", "10001"}}).status) << list;
  }
}

TEST_F(Routes, TakeTimesThatACalendarHas) {
  for (const char* time : {"-1", "253402300800000", "9223372036854775807", "-9223372036854775808"}) {
    EXPECT_EQ(400, get("/api/v1/readings", {{"to", time}}).status) << time;
  }
}

TEST_F(Routes, TellLifeFromReadiness) {
  source_.checks = {{"progress", true, Vital::kLife, "the engine does not move"},
                    {"broker", true, Vital::kReadiness, "connection refused"},
                    {"clock", true, Vital::kNothing, "not trusted"}};
  EXPECT_EQ(200, get("/healthz").status);
  EXPECT_EQ(200, get("/readyz").status);
  source_.checks[2].ok = false;
  EXPECT_EQ(200, get("/readyz").status);
  EXPECT_NE(std::string::npos, get("/readyz").body.find("not trusted"));
  source_.checks[1].ok = false;
  EXPECT_EQ(503, get("/readyz").status);
  EXPECT_NE(std::string::npos, get("/readyz").body.find("connection refused"));
  EXPECT_EQ(200, get("/healthz").status) << "a restart would not bring the broker back";
  EXPECT_EQ(std::string::npos, get("/healthz").body.find("broker"));
  source_.checks[0].ok = false;
  EXPECT_EQ(503, get("/healthz").status);
  EXPECT_NE(std::string::npos, get("/healthz").body.find("the engine does not move"));
}

TEST_F(Routes, SayNothingOfWhatIsWrongWhereNothingIs) {
  source_.checks[0] = {"journal", true, Vital::kLife, "the journal is above high water"};
  for (const char* path : {"/healthz", "/readyz"}) {
    EXPECT_NE(std::string::npos, get(path).body.find("\"journal\"")) << path;
    EXPECT_EQ(std::string::npos, get(path).body.find("high water")) << path;
  }
}

TEST_F(Routes, ServeMetricsAsPrometheusText) {
  HttpResponse metrics = get("/metrics");
  EXPECT_EQ(kMetricsContentType, metrics.content_type);
  EXPECT_NE(std::string::npos, metrics.body.find("# TYPE sluice_messages_received_total counter"));
}

TEST_F(Routes, TestChannels) {
  EXPECT_EQ("test ops", post("/api/v1/alerts/test", {{"name", "ops"}}).body);
  EXPECT_EQ(404, post("/api/v1/alerts/test", {{"name", "pos"}}).status);
  EXPECT_EQ(400, post("/api/v1/alerts/test").status);
  EXPECT_EQ("result 7", get("/api/v1/alerts/test", {{"test", "7"}}).body);
  EXPECT_EQ(400, get("/api/v1/alerts/test").status);
}

}  // namespace
}  // namespace sluice
