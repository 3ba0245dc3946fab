#include "upload/http_sink.h"

#include <algorithm>
#include <utility>

#include "base/excerpt.h"
#include "base/retry_after.h"
#include "base/secret.h"
#include "base/url.h"
#include "upload/gzip.h"
#include "upload/url_template.h"

namespace sluice {

namespace {

constexpr std::size_t kAnswerBytesMax = 16 * 1024;

// The first one that says something.
std::string first_line(const std::string& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  return excerpt(text.substr(begin, text.find_first_of("\r\n", begin) - begin));
}

SinkAnswer judge(const HttpAnswer& answer, const std::string& token, std::int64_t now_wall_ms) {
  using Kind = SinkAnswer::Kind;
  std::string note = "HTTP " + std::to_string(answer.status);
  if (answer.is_success()) return {Kind::kDelivered, note, 0};
  if (answer.status >= 300 && answer.status < 400) {
    const std::string location = answer.header("location");
    note += location.find("://") == std::string::npos ? ": a redirect, which is not followed"
                                                      : ": a redirect to " + url_origin(location);
    return {Kind::kRetry, note + "; write the final address as url, or log in to the network", 0};
  }
  const std::string line = first_line(answer.body_without(token));
  if (!line.empty()) note += ": " + line;
  if (!answer.is_worth_another_try()) return {Kind::kRefused, note, 0};
  return {Kind::kRetry, note,
          retry_after_ms(answer.header("retry-after"), answer.header("date"), now_wall_ms)};
}

}  // namespace

HttpSink::HttpSink(SinkSettings settings, SendHttp send)
    : settings_(std::move(settings)), send_(std::move(send)) {}

HttpCall HttpSink::call_for(const Delivery& delivery, const std::string& token) const {
  HttpCall call;
  call.method = settings_.method;
  call.url = expand_url(settings_.url, delivery);
  call.body = settings_.gzip ? gzip(delivery.body) : delivery.body;
  call.timeout = settings_.timeout;
  call.tls = settings_.tls;
  call.answer_bytes_max = kAnswerBytesMax;
  call.cut_answer = true;
  call.headers = {"Content-Type: application/json", "Idempotency-Key: \"" + delivery.key + "\""};
  if (settings_.gzip) call.headers.emplace_back("Content-Encoding: gzip");
  call.add_headers(settings_.headers, token);
  return call;
}

SinkAnswer HttpSink::deliver(const Delivery& delivery) {
  std::string token;
  if (!settings_.token_file.empty()) {
    auto read = read_secret("token_file", settings_.token_file);
    if (!read) return {SinkAnswer::Kind::kRetry, read.error().context, 0};
    token = std::move(*read);
  }
  auto answer = send_(call_for(delivery, token));
  if (!answer) return {SinkAnswer::Kind::kRetry, answer.error().context, 0};
  return judge(*answer, token, delivery.now_wall_ms);
}

}  // namespace sluice
