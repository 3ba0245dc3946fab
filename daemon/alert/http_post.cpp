#include "alert/http_post.h"

#include <utility>

#include "base/excerpt.h"
#include "base/retry_after.h"
#include "base/secret.h"
#include "base/url.h"

namespace sluice {

namespace {

constexpr std::size_t kAnswerBytesMax = 4096;

std::string advice(int status) {
  if (status >= 300 && status < 400) return "; redirects are not followed: give the final address as url";
  if (status == 401 || status == 403) return "; check token_file and headers";
  if (status == 404 || status == 405) return "; check the url";
  return "";
}

}  // namespace

HttpPost::HttpPost(Sender& sender, Clock& clock, HttpPostSettings settings)
    : sender_(sender), clock_(clock), settings_(std::move(settings)) {}

Result<std::string> HttpPost::token() const {
  if (settings_.token_file.empty()) return std::string();
  Result<std::string> read = read_secret("token_file", settings_.token_file);
  if (!read) return make_error(ErrorCode::kUnavailable, read.error().context);
  return read;
}

HttpCall HttpPost::call_with(const std::string& token, std::string body) const {
  HttpCall call;
  call.method = "POST";
  call.url = settings_.url;
  call.timeout = settings_.timeout;
  call.tls = settings_.tls;
  call.answer_bytes_max = kAnswerBytesMax;
  call.cut_answer = true;
  call.headers = {"Content-Type: application/json"};
  call.add_headers(settings_.headers, token);
  call.body = std::move(body);
  return call;
}

void HttpPost::post_each(Deliveries& deliveries, std::size_t at_once,
                         const std::function<std::string(const AlertEvent&)>& body_of) {
  const Result<std::string> known = token();
  if (!known) {
    std::size_t asked = 0;
    while (asked < at_once && deliveries.next()) deliveries.answer(asked++, {known.error(), {}});
    return;
  }
  sender_.send({at_once,
                [&]() -> std::optional<HttpCall> {
                  std::optional<AlertEvent> event = deliveries.next();
                  if (!event) return std::nullopt;
                  return call_with(*known, body_of(*event));
                },
                [&](std::size_t i, const Result<HttpAnswer>& answer) {
                  deliveries.answer(i, judge(answer, *known));
                }});
}

std::vector<ChannelAnswer> HttpPost::post_all(std::vector<std::string> bodies) {
  const Result<std::string> known = token();
  if (!known) return std::vector<ChannelAnswer>(bodies.size(), ChannelAnswer{known.error(), {}});
  std::vector<HttpCall> calls;
  calls.reserve(bodies.size());
  for (std::string& body : bodies) calls.push_back(call_with(*known, std::move(body)));
  std::vector<ChannelAnswer> answers;
  for (const Result<HttpAnswer>& answer : sender_.send_all(std::move(calls)))
    answers.push_back(judge(answer, *known));
  return answers;
}

// Certificates and files can be put right while the alert waits.
ChannelAnswer HttpPost::judge(const Result<HttpAnswer>& answer, const std::string& token) const {
  if (!answer) return {make_error(ErrorCode::kUnavailable, answer.error().context), {}};
  return judge(*answer, token);
}

ChannelAnswer HttpPost::judge(const HttpAnswer& answer, const std::string& token) const {
  if (answer.is_success()) return {};
  std::string said = excerpt(answer.body_without(token));
  if (!said.empty()) said = " \"" + said + "\"";
  said =
      url_origin(settings_.url) + " answered " + std::to_string(answer.status) + said + advice(answer.status);
  if (!answer.is_worth_another_try()) return {make_error(ErrorCode::kRefused, std::move(said)), {}};
  const std::int64_t wait_ms =
      retry_after_ms(answer.header("retry-after"), answer.header("date"), clock_.now().wall_ms);
  return {make_error(ErrorCode::kUnavailable, std::move(said)), std::chrono::milliseconds(wait_ms)};
}

}  // namespace sluice
