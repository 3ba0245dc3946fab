#include "upload/http_sink.h"

#include <utility>

#include "base/retry_after.h"
#include "base/secret.h"
#include "base/url.h"
#include "upload/gzip.h"
#include "upload/url_template.h"

namespace sluice {

namespace {

constexpr std::size_t kAnswerBytesMax = 16 * 1024;
constexpr std::size_t kNoteBytesMax = 200;

void replace_all(std::string& text, const std::string& part, const std::string& by) {
  if (part.empty()) return;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size())) {
    text.replace(at, part.size(), by);
  }
}

// The first line that says something, for a note; a receiver may repeat the token that it does not like.
std::string first_line(const std::string& body, const std::string& token) {
  const std::size_t begin = body.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos) return "";
  std::string line = body.substr(begin, body.find_first_of("\r\n", begin) - begin);
  replace_all(line, token, "***");
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  if (line.size() > kNoteBytesMax) {
    std::size_t end = kNoteBytesMax;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;  // no half a character
    line = line.substr(0, end) + "…";
  }
  return line;
}

std::string header(const HttpAnswer& answer, const char* name) {
  auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

SinkAnswer judge(const HttpAnswer& answer, const std::string& token, std::int64_t now_wall_ms) {
  using Kind = SinkAnswer::Kind;
  std::string note = "HTTP " + std::to_string(answer.status);
  if (answer.status >= 200 && answer.status < 300) return {Kind::kDelivered, note, 0};
  if (answer.status >= 300 && answer.status < 400) {
    const std::string location = header(answer, "location");
    note += location.find("://") == std::string::npos ? ": a redirect, which is not followed"
                                                      : ": a redirect to " + url_origin(location);
    return {Kind::kRetry, note + "; write the final address as url, or log in to the network", 0};
  }
  const std::string line = first_line(answer.body, token);
  if (!line.empty()) note += ": " + line;
  const bool retry = answer.status == 408 || answer.status == 425 || answer.status == 429 ||
                     answer.status < 300 || answer.status >= 500;
  if (!retry) return {Kind::kRefused, note, 0};
  return {Kind::kRetry, note,
          retry_after_ms(header(answer, "retry-after"), header(answer, "date"), now_wall_ms)};
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
  bool token_used = false;
  for (const auto& [name, value] : settings_.headers) {
    token_used = token_used || value.find("{token}") != std::string::npos;
    std::string filled = value;
    replace_all(filled, "{token}", token);
    call.headers.push_back(name + ": " + filled);
  }
  if (!token.empty() && !token_used) call.headers.push_back("Authorization: Bearer " + token);
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
