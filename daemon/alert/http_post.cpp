#include "alert/http_post.h"

#include <utility>

#include "base/retry_after.h"
#include "base/secret.h"
#include "base/url.h"

namespace sluice {

namespace {

constexpr std::size_t kAnswerBytesMax = 4096;
constexpr std::size_t kQuotedBytesMax = 200;

void replace_all(std::string& text, const std::string& part, const std::string& by) {
  if (part.empty()) return;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size())) {
    text.replace(at, part.size(), by);
  }
}

std::string header(const HttpAnswer& answer, const char* name) {
  auto found = answer.headers.find(name);
  return found == answer.headers.end() ? "" : found->second;
}

// On one line, as far as it is worth repeating; a receiver may repeat the token that it does not like.
std::string quoted(std::string body, const std::string& token) {
  replace_all(body, token, "***");
  std::string line;
  for (char c : body.substr(0, kQuotedBytesMax)) {
    line += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line.empty() ? "" : " \"" + line + (body.size() > kQuotedBytesMax ? "…\"" : "\"");
}

bool is_again(int status) {
  return status < 400 || status >= 500 || status == 408 || status == 425 || status == 429;
}

std::string advice(int status) {
  if (status >= 300 && status < 400) return "; redirects are not followed: give the final address as url";
  if (status == 401 || status == 403) return "; check token_file and headers";
  if (status == 404 || status == 405) return "; check the url";
  return "";
}

}  // namespace

HttpPost::HttpPost(Sender& sender, Clock& clock, HttpPostSettings settings)
    : sender_(sender), clock_(clock), settings_(std::move(settings)) {}

HttpCall HttpPost::call_with(const std::string& token) const {
  HttpCall call;
  call.method = "POST";
  call.url = settings_.url;
  call.timeout = settings_.timeout;
  call.tls = settings_.tls;
  call.answer_bytes_max = kAnswerBytesMax;
  call.cut_answer = true;
  call.headers = {"Content-Type: application/json"};
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

std::vector<ChannelAnswer> HttpPost::post_all(std::vector<std::string> bodies) {
  std::string token;
  if (!settings_.token_file.empty()) {
    Result<std::string> read = read_secret("token_file", settings_.token_file);
    if (!read) {
      const Error missing = make_error(ErrorCode::kUnavailable, read.error().context);
      return std::vector<ChannelAnswer>(bodies.size(), ChannelAnswer{missing, {}});
    }
    token = std::move(*read);
  }
  std::vector<HttpCall> calls(bodies.size(), call_with(token));
  for (std::size_t i = 0; i < bodies.size(); ++i) calls[i].body = std::move(bodies[i]);
  std::vector<ChannelAnswer> answers;
  for (const Result<HttpAnswer>& answer : sender_.send_all(std::move(calls))) {
    if (answer) {
      answers.push_back(judge(*answer, token));
    } else {
      // Certificates and files can be put right while the alert waits.
      answers.push_back({make_error(ErrorCode::kUnavailable, answer.error().context), {}});
    }
  }
  return answers;
}

ChannelAnswer HttpPost::judge(const HttpAnswer& answer, const std::string& token) const {
  if (answer.status >= 200 && answer.status < 300) return {};
  const bool again = is_again(answer.status);
  Error error = make_error(again ? ErrorCode::kUnavailable : ErrorCode::kRefused,
                           url_origin(settings_.url) + " answered " + std::to_string(answer.status) +
                               quoted(answer.body, token) + advice(answer.status));
  std::int64_t wait_ms = 0;
  if (again)
    wait_ms = retry_after_ms(header(answer, "retry-after"), header(answer, "date"), clock_.now().wall_ms);
  return {std::move(error), std::chrono::milliseconds(wait_ms)};
}

}  // namespace sluice
