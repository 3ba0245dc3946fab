#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "alert/alertmanager_channel.h"
#include "alert/event_json.h"
#include "alert/webhook_channel.h"
#include "example_event.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Answers as the test says, and remembers what was sent.
class ScriptedSender final : public Sender {
 public:
  void send(const Work& work) override {
    for (std::size_t i = 0; std::optional<HttpCall> call = work.next(); ++i) {
      sent.push_back(*call);
      work.done(i, answer(*call));
    }
  }
  std::vector<HttpCall> sent;
  std::function<Result<HttpAnswer>(const HttpCall&)> answer = [](const HttpCall&) {
    return HttpAnswer{200, {}, ""};
  };
};

class HttpChannels : public ::testing::Test {
 protected:
  HttpChannels() {
    http_.url = "https://alerts.example/hook?key=hunter2";
    http_.timeout = seconds(7);
  }
  ChannelAnswer tell(const AlertEvent& event) {
    WebhookSettings settings;
    settings.http = http_;
    WebhookChannel channel(sender_, clock_, settings, "balcony");
    return channel.deliver_all({event}).front();
  }
  ChannelAnswer tell(int status, std::map<std::string, std::string> headers = {}, std::string body = "") {
    sender_.answer = [=](const HttpCall&) { return HttpAnswer{status, headers, body}; };
    return tell(example_event());
  }
  bool sent_header(const std::string& line) const {
    const auto& headers = sender_.sent.back().headers;
    return std::find(headers.begin(), headers.end(), line) != headers.end();
  }
  test::TempFolder folder_;
  FakeClock clock_{1772366400000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  ScriptedSender sender_;
  HttpPostSettings http_;
};

TEST_F(HttpChannels, PostTheEventAsItIsPublishedEverywhere) {
  http_.headers = {{"X-From", "sluice"}};
  http_.tls = {"/ca", "/cert", "/key"};
  EXPECT_TRUE(tell(example_event()).status.ok());
  const HttpCall& call = sender_.sent.at(0);
  EXPECT_EQ("POST", call.method);
  EXPECT_EQ(http_.url, call.url);
  EXPECT_EQ(event_to_json(example_event(), "balcony"), call.body);
  EXPECT_EQ(seconds(7), call.timeout);
  EXPECT_EQ("/ca", call.tls.ca);
  EXPECT_EQ("/cert", call.tls.cert);
  EXPECT_EQ("/key", call.tls.key);
  EXPECT_TRUE(sent_header("Content-Type: application/json"));
  EXPECT_TRUE(sent_header("X-From: sluice"));
}

TEST_F(HttpChannels, SendTheTokenThatTheFileHoldsNow) {
  http_.token_file = folder_.write("token", "first\n");
  ::chmod(http_.token_file.c_str(), 0600);
  EXPECT_TRUE(tell(example_event()).status.ok());
  EXPECT_TRUE(sent_header("Authorization: Bearer first"));
  folder_.write("token", "second\n");
  http_.headers = {{"X-Key", "k={token}"}};
  EXPECT_TRUE(tell(example_event()).status.ok());
  EXPECT_TRUE(sent_header("X-Key: k=second"));
  EXPECT_FALSE(sent_header("Authorization: Bearer second"));
}

TEST_F(HttpChannels, WaitForATokenThatCannotBeRead) {
  http_.token_file = folder_.file("absent");
  Status status = tell(example_event()).status;
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, status.error().code);
  EXPECT_TRUE(sender_.sent.empty());
}

TEST_F(HttpChannels, TellRefusalsFromWhatMayPass) {
  for (int status : {200, 201, 202, 204}) EXPECT_TRUE(tell(status).status.ok()) << status;
  for (int status : {301, 302, 408, 425, 429, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(ErrorCode::kUnavailable, tell(status).status.error().code) << status;
  }
  for (int status : {400, 401, 403, 404, 405, 410, 413, 422, 451}) {
    EXPECT_EQ(ErrorCode::kRefused, tell(status).status.error().code) << status;
  }
  for (ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kRefused, ErrorCode::kInvalid}) {
    sender_.answer = [=](const HttpCall&) { return Result<HttpAnswer>(make_error(code, "no")); };
    EXPECT_EQ(ErrorCode::kUnavailable, tell(example_event()).status.error().code);
  }
}

TEST_F(HttpChannels, HonourRetryAfter) {
  EXPECT_EQ(seconds(17), tell(503, {{"retry-after", "17"}}).retry_after);
  EXPECT_EQ(seconds(90), tell(429, {{"date", "Sun, 01 Mar 2026 03:00:00 GMT"},
                                    {"retry-after", "Sun, 01 Mar 2026 03:01:30 GMT"}})
                             .retry_after);
  EXPECT_EQ(seconds(0), tell(503, {{"retry-after", "soon"}}).retry_after);
  EXPECT_EQ(seconds(0), tell(503).retry_after);
}

TEST_F(HttpChannels, SayWhatTheReceiverSaidButNoSecret) {
  http_.token_file = folder_.write("token", "s3cret\n");
  ::chmod(http_.token_file.c_str(), 0600);
  const std::string said = tell(403, {}, "token s3cret\nis not known").status.error().context;
  EXPECT_NE(std::string::npos, said.find("https://alerts.example answered 403")) << said;
  EXPECT_NE(std::string::npos, said.find("token *** is not known")) << said;
  EXPECT_EQ(std::string::npos, said.find("s3cret")) << said;
  EXPECT_EQ(std::string::npos, said.find("hunter2")) << said;
}

class AlertmanagerChannelOf : public HttpChannels {
 protected:
  static AlertmanagerSettings settings() {
    AlertmanagerSettings settings;
    settings.http.url = "http://127.0.0.1:9093/prefix/";
    settings.refresh = minutes(1);
    return settings;
  }
  nlohmann::json sent(std::size_t i) const { return nlohmann::json::parse(sender_.sent.at(i).body); }
  std::string sensors(std::size_t i) const {
    std::string all;
    for (const auto& alert : sent(i)) all += alert["labels"]["sensor"].get<std::string>();
    return all;
  }
  std::vector<AlertEvent> standing_;
  AlertmanagerChannel channel_{sender_, clock_, log_, settings(), "balcony", [this] { return standing_; }};
};

TEST_F(AlertmanagerChannelOf, SpeaksItsApi) {
  AlertEvent firing = example_event();
  firing.labels = {{"site", "berlin"}, {"floor-no", "3"}, {"9", "x"}, {"sensor", "not this"}};
  EXPECT_TRUE(channel_.deliver_all({firing}).front().status.ok());
  EXPECT_EQ("http://127.0.0.1:9093/prefix/api/v2/alerts", sender_.sent.at(0).url);
  EXPECT_EQ(nlohmann::json::parse(R"json([{
    "labels": {"alertname": "too-hot", "sensor": "sensors/attic/temperature", "gateway": "balcony",
               "severity": "critical", "site": "berlin", "floor_no": "3", "_9": "x"},
    "annotations": {"message": "the attic is \"hot\"\n$(id)", "value": "31.5", "threshold": "28", "unit": "°C"
}
, "startsAt" : "2026-03-01T12:00:00.000Z"
}])json"),
            sent(0));
  AlertEvent resolved = example_event("a", AlertState::kResolved);
  resolved.flags = kTest;
  EXPECT_TRUE(channel_.deliver_all({resolved}).front().status.ok());
  EXPECT_EQ("2026-03-01T12:01:00.000Z", sent(1)[0]["endsAt"]);
  EXPECT_EQ("2026-03-01T12:00:00.000Z", sent(1)[0]["startsAt"]);
  EXPECT_EQ("true", sent(1)[0]["labels"]["test"]);
}

TEST_F(AlertmanagerChannelOf, LeavesTimesOfAnUnsetClockToAlertmanager) {
  AlertEvent event = example_event();
  event.flags = kClockWasUnset;
  (void)channel_.deliver_all({event});
  EXPECT_FALSE(sent(0)[0].contains("startsAt"));
}

TEST_F(AlertmanagerChannelOf, TellsAgainWhatStandsFromTheStartOn) {
  standing_ = {example_event("a"), example_event("b")};
  channel_.tick();
  ASSERT_EQ(1u, sender_.sent.size());
  EXPECT_EQ("ab", sensors(0));
  clock_.pass_ms(59000);
  channel_.tick();
  EXPECT_EQ(1u, sender_.sent.size());
  standing_.pop_back();
  clock_.pass_ms(1000);
  channel_.tick();
  ASSERT_EQ(2u, sender_.sent.size());
  EXPECT_EQ("a", sensors(1));
}

TEST_F(AlertmanagerChannelOf, EndsWhatItToldUnderAnotherSeverity) {
  AlertEvent event = example_event();
  event.severity = "warning";
  standing_ = {event};
  const auto takes_it = sender_.answer;
  channel_.tick();
  event.severity = "critical";
  sender_.answer = [](const HttpCall&) { return HttpAnswer{500, {}, ""}; };
  (void)channel_.deliver_all({event});
  sender_.answer = takes_it;
  for (std::size_t i : {1u, 2u}) {
    if (i == 2) (void)channel_.deliver_all({event});
    ASSERT_EQ(2u, sent(i).size()) << "until it has taken them";
    EXPECT_EQ("warning", sent(i)[0]["labels"]["severity"]);
    EXPECT_TRUE(sent(i)[0].contains("endsAt"));
    EXPECT_EQ("critical", sent(i)[1]["labels"]["severity"]);
    EXPECT_FALSE(sent(i)[1].contains("endsAt"));
  }
  event.state = AlertState::kResolved;
  (void)channel_.deliver_all({event});
  EXPECT_EQ(1u, sent(3).size());
}

TEST_F(AlertmanagerChannelOf, EndsWhatWasToldUnderAnotherConfiguration) {
  AlertEvent before = example_event("a");
  before.labels = {{"team", "climate"}, {"site", "berlin"}};
  AlertEvent now = before;
  now.labels["team"] = "night";
  now.severity = "warning";
  standing_ = {now, example_event("b")};
  AlertmanagerChannel channel(sender_, clock_, log_, settings(), "balcony", [this] { return standing_; },
                              {before, example_event("b")});
  channel.tick();
  ASSERT_EQ(3u, sent(0).size());
  EXPECT_EQ("climate", sent(0)[0]["labels"]["team"]);
  EXPECT_EQ("critical", sent(0)[0]["labels"]["severity"]);
  EXPECT_TRUE(sent(0)[0].contains("endsAt"));
  EXPECT_EQ("night", sent(0)[1]["labels"]["team"]);
  EXPECT_FALSE(sent(0)[1].contains("endsAt"));
  EXPECT_EQ("b", sent(0)[2]["labels"]["sensor"]);
  EXPECT_FALSE(sent(0)[2].contains("endsAt"));
  clock_.pass_ms(60000);
  channel.tick();
  EXPECT_EQ(2u, sent(1).size()) << "once";
}

TEST_F(AlertmanagerChannelOf, RemembersWhatItToldOneByOneAfterARefusal) {
  sender_.answer = [](const HttpCall& call) {
    return HttpAnswer{call.body.find("bad") == std::string::npos ? 200 : 400, {}, ""};
  };
  AlertEvent event = example_event("a");
  event.severity = "warning";
  (void)channel_.deliver_all({event, example_event("bad")});
  event.severity = "critical";
  (void)channel_.deliver_all({event});
  const nlohmann::json last = sent(sender_.sent.size() - 1);
  ASSERT_EQ(2u, last.size());
  EXPECT_EQ("warning", last[0]["labels"]["severity"]);
  EXPECT_TRUE(last[0].contains("endsAt"));
}

TEST_F(AlertmanagerChannelOf, RefreshesSoonerAfterAFailure) {
  standing_ = {example_event("a")};
  sender_.answer = [](const HttpCall&) { return HttpAnswer{500, {}, ""}; };
  channel_.tick();
  clock_.pass_ms(15000);
  channel_.tick();
  EXPECT_EQ(2u, sender_.sent.size());
}

TEST_F(AlertmanagerChannelOf, RefreshesManyInSeveralRequests) {
  for (int i = 0; i < 150; ++i) standing_.push_back(example_event("s" + std::to_string(i)));
  channel_.tick();
  ASSERT_EQ(3u, sender_.sent.size());
  EXPECT_EQ(64u, sent(0).size());
  EXPECT_EQ(22u, sent(2).size());
}

TEST_F(AlertmanagerChannelOf, FindsTheOneThatIsRefused) {
  sender_.answer = [](const HttpCall& call) {
    return HttpAnswer{call.body.find("bad") == std::string::npos ? 200 : 400, {}, ""};
  };
  auto answers = channel_.deliver_all({example_event("a"), example_event("bad"), example_event("c")});
  ASSERT_EQ(3u, answers.size());
  EXPECT_TRUE(answers[0].status.ok());
  EXPECT_EQ(ErrorCode::kRefused, answers[1].status.error().code);
  EXPECT_TRUE(answers[2].status.ok());
}

}  // namespace
}  // namespace sluice
