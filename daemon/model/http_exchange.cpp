#include "model/http_exchange.h"

namespace sluice {

namespace {

std::string replaced(std::string text, const std::string& part, const std::string& by) {
  if (part.empty()) return text;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + by.size())) {
    text.replace(at, part.size(), by);
  }
  return text;
}

}  // namespace

void HttpCall::add_headers(const std::map<std::string, std::string>& own, const std::string& token) {
  bool token_used = false;
  for (const auto& [name, value] : own) {
    token_used = token_used || value.find("{token}") != std::string::npos;
    headers.push_back(name + ": " + replaced(value, "{token}", token));
  }
  if (!token.empty() && !token_used) headers.push_back("Authorization: Bearer " + token);
}

bool HttpAnswer::is_success() const {
  return status >= 200 && status < 300;
}

bool HttpAnswer::is_worth_another_try() const {
  return status < 400 || status >= 500 || status == 408 || status == 425 || status == 429;
}

std::string HttpAnswer::header(const std::string& name) const {
  auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

std::string HttpAnswer::body_without(const std::string& secret) const {
  return replaced(body, secret, "***");
}

}  // namespace sluice
