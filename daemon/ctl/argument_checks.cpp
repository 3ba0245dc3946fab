#include "ctl/argument_checks.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>

#include "base/result.h"
#include "config/problems.h"
#include "config/quantity.h"
#include "decode/topic_filter.h"
#include "io/broker_endpoint.h"

namespace sluice {

namespace {

constexpr std::int64_t kLimitMax = 1000;

bool number_within(const std::string& text, std::int64_t max) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && rest == end && number >= 1 && number <= max;
}

}  // namespace

std::string shell_fault(const std::string& text) {
  for (const char* word : {"bash", "zsh", "fish", "sensors", "rules"}) {
    if (text == word) return "";
  }
  return "there is no script for " + in_quotes(text) + "; expected bash, zsh or fish";
}

std::string count_fault(const std::string& text) {
  return number_within(text, std::numeric_limits<std::int32_t>::max()) ? "" : "expected 1 or more";
}

std::string limit_fault(const std::string& text) {
  return number_within(text, kLimitMax) ? "" : fmt::format("expected a number from 1 to {}", kLimitMax);
}

std::string duration_fault(const std::string& text) {
  if (parse_duration(text)) return "";
  const std::string meant = meant_duration(text);
  return "expected a duration such as 30s or 5m" + (meant.empty() ? "" : "; did you mean \"" + meant + "\"?");
}

std::string filter_fault(const std::string& text) {
  const Status checked = check_topic_filter(text);
  return checked.ok() ? "" : checked.error().context;
}

std::string broker_fault(const std::string& text) {
  if (text.find('@') != std::string::npos) {  // not repeated: it may be a password
    return "carries a user name or password; write both into a configuration, as mqtt.username and "
           "mqtt.password_file, and name that with --config";
  }
  if (parse_broker_uri(text).ok()) return "";
  const bool bare = text.find("://") == std::string::npos && parse_broker_uri("mqtt://" + text).ok();
  return in_quotes(text) +
         " is not the address of a broker; expected mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS" +
         (bare ? "; did you mean \"mqtt://" + text + "\"?" : "");
}

}  // namespace sluice
