#include "upload/http_sink.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "support/temp_folder.h"
#include "upload/gzip.h"
#include "upload/url_template.h"

namespace sluice {
namespace {

constexpr std::int64_t kNow = 784111777000;  // Sun, 06 Nov 1994 08:49:37 GMT

class HttpSinkTo : public ::testing::Test {
 protected:
  HttpSinkTo() {
    settings_.name = "cloud";
    settings_.type = "http";
    settings_.url = "https://h/{gateway}/{date}/{revision}";
  }
  SinkAnswer deliver() {
    HttpSink sink(settings_, [this](const HttpCall& call) {
      calls_.push_back(call);
      return answer_;
    });
    return sink.deliver(
        {"kitchen", parse_date("2026-03-28").value(), 2, "kitchen/2026-03-28/2/00ff", "{\"a\":1}", kNow});
  }
  SinkAnswer deliver(int status, const std::string& body = "",
                     std::map<std::string, std::string> headers = {}) {
    answer_ = HttpAnswer{status, std::move(headers), body};
    return deliver();
  }
  bool sent(const std::string& header) const {
    const auto& headers = calls_.back().headers;
    return std::find(headers.begin(), headers.end(), header) != headers.end();
  }
  void token(const std::string& text, mode_t mode = 0600) {
    settings_.token_file = folder_.write("token", text);
    ASSERT_EQ(0, ::chmod(settings_.token_file.c_str(), mode));
  }
  test::TempFolder folder_;
  SinkSettings settings_;
  Result<HttpAnswer> answer_{HttpAnswer{201, {}, ""}};
  std::vector<HttpCall> calls_;
};

using Kind = SinkAnswer::Kind;

TEST_F(HttpSinkTo, SendsTheDocumentUnderItsKey) {
  EXPECT_EQ(Kind::kDelivered, deliver().kind);
  EXPECT_EQ("PUT", calls_[0].method);
  EXPECT_EQ("https://h/kitchen/2026-03-28/2", calls_[0].url);
  EXPECT_EQ(gzip("{\"a\":1}"), calls_[0].body);
  EXPECT_TRUE(sent("Content-Encoding: gzip"));
  EXPECT_TRUE(sent("Content-Type: application/json"));
  EXPECT_TRUE(sent("Idempotency-Key: \"kitchen/2026-03-28/2/00ff\""));
  settings_.gzip = false;
  settings_.method = "POST";
  EXPECT_EQ(Kind::kDelivered, deliver().kind);
  EXPECT_EQ("POST", calls_[1].method);
  EXPECT_EQ("{\"a\":1}", calls_[1].body);
  EXPECT_FALSE(sent("Content-Encoding: gzip"));
}

TEST_F(HttpSinkTo, SortsAnswersIntoReceiptsRetriesAndRefusals) {
  for (int status : {200, 201, 202, 204, 299}) EXPECT_EQ(Kind::kDelivered, deliver(status).kind) << status;
  for (int status : {0, 100, 301, 302, 307, 408, 425, 429, 500, 502, 503, 504, 599}) {
    EXPECT_EQ(Kind::kRetry, deliver(status).kind) << status;
  }
  for (int status : {400, 401, 403, 404, 409, 410, 413, 422, 451}) {
    EXPECT_EQ(Kind::kRefused, deliver(status).kind) << status;
  }
  answer_ = make_error(ErrorCode::kUnavailable, "the connection was refused");
  EXPECT_EQ(Kind::kRetry, deliver().kind);
  EXPECT_EQ("the connection was refused", deliver().note);
}

TEST_F(HttpSinkTo, NotesTheFirstLineThatTheReceiverSays) {
  EXPECT_EQ("HTTP 422: no such gateway", deliver(422, "\r\n  no such gateway\r\nmore\n").note);
  EXPECT_EQ("HTTP 400", deliver(400, " \n").note);
  EXPECT_EQ("HTTP 400: a b", deliver(400, "a\tb").note);
  std::string note = deliver(400, std::string(198, 'x') + "\u00e4\u00e4\u00e4").note;
  EXPECT_EQ("HTTP 400: " + std::string(198, 'x') + "\u00e4\u2026", note) << "no half a character";
  EXPECT_EQ(
      "HTTP 302: a redirect to https://portal; write the final address as url, or log in to the network",
      deliver(302, "", {{"location", "https://me:secret@portal/login?x=secret"}}).note);
}

TEST_F(HttpSinkTo, WaitsAsTheReceiverAsks) {
  EXPECT_EQ(120'000, deliver(429, "", {{"retry-after", "120"}}).retry_after_ms);
  EXPECT_EQ(60'000, deliver(503, "", {{"retry-after", "Sun, 06 Nov 1994 08:50:37 GMT"}}).retry_after_ms);
  EXPECT_EQ(0, deliver(503, "", {{"retry-after", "later"}}).retry_after_ms);
  EXPECT_EQ(0, deliver(503).retry_after_ms);
}

TEST_F(HttpSinkTo, ReadsTheTokenAtEachAttempt) {
  token("first\n");
  (void)deliver();
  EXPECT_TRUE(sent("Authorization: Bearer first"));
  token("second\n");
  (void)deliver();
  EXPECT_TRUE(sent("Authorization: Bearer second"));
}

TEST_F(HttpSinkTo, PutsTheTokenWhereAHeaderWantsIt) {
  token("t0ken");
  settings_.headers = {{"X-Api-Key", "{token}"}, {"X-Site", "berlin"}};
  (void)deliver();
  EXPECT_TRUE(sent("X-Api-Key: t0ken"));
  EXPECT_TRUE(sent("X-Site: berlin"));
  EXPECT_FALSE(sent("Authorization: Bearer t0ken"));
}

TEST_F(HttpSinkTo, RetriesWithoutSendingWhenTheTokenCannotBeUsed) {
  token("hunter2", 0644);
  SinkAnswer answer = deliver();
  EXPECT_EQ(Kind::kRetry, answer.kind);
  EXPECT_NE(std::string::npos, answer.note.find("chmod o=")) << answer.note;
  EXPECT_EQ(std::string::npos, answer.note.find("hunter2"));
  settings_.token_file = folder_.file("none");
  EXPECT_EQ(Kind::kRetry, deliver().kind);
  EXPECT_TRUE(calls_.empty());
}

TEST_F(HttpSinkTo, KeepsTheTokenOutOfNotesWhateverTheReceiverSays) {
  token("hunter2");
  EXPECT_EQ("HTTP 401: wrong token ***, not ***!", deliver(401, "wrong token hunter2, not hunter2!").note);
}

TEST(Gzip, GivesTheSameBytesEachTime) {
  const std::string text(100'000, 'x');
  const std::string bytes = gzip(text);
  EXPECT_EQ(bytes, gzip(text));
  EXPECT_GT(1000u, bytes.size());
  // RFC 1952: no flags, a time of 0, and 255 for an unknown system.
  EXPECT_EQ(std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00", 8), bytes.substr(0, 8));
  EXPECT_EQ('\xff', bytes[9]);
  EXPECT_FALSE(gzip("").empty());
}

TEST(UrlTemplate, StandsForTheAddressOfADocument) {
  Delivery delivery{"g", parse_date("2026-03-28").value(), 12, "", "", 0};
  EXPECT_EQ("https://h/g/g-2026-03-28.12?r=12",
            expand_url("https://h/{gateway}/{gateway}-{date}.{revision}?r={revision}", delivery));
}

TEST(UrlTemplate, IsRefusedWithoutRepeatingIt) {
  for (const char* good :
       {"https://h", "http://[::1]:80/{date}", "https://a.b-c:8443/x?y={gateway}", "https://h/@me"}) {
    EXPECT_TRUE(check_url_template(good).ok()) << good;
  }
  for (const char* wrong : {"", "h/hunter2", "ftp://hunter2", "https://", "https:///hunter2",
                            "https://hunter2@h/", "https://a:hunter2@h/", "https://h:hunter2/",
                            "https://h:0/", "https://h:65536/", "https://h/hunter2 x", "https://h/{hunter2}",
                            "https://{gateway}.h/", "https://h/hunter2}", "https://h/\u00e4"}) {
    Status status = check_url_template(wrong);
    ASSERT_FALSE(status.ok()) << wrong;
    EXPECT_EQ(std::string::npos, status.error().context.find("hunter2")) << status.error().context;
  }
}

}  // namespace
}  // namespace sluice
