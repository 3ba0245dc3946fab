// Any bytes as the small texts of others: what a server says of waiting, a URL, the template of a message, a
// time, and topics with payloads, of which `sluicectl discover` makes entries that the configuration takes.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>

#include "alert/message_template.h"
#include "base/check.h"
#include "base/retry_after.h"
#include "base/time_argument.h"
#include "base/time_text.h"
#include "base/url.h"
#include "config/settings.h"
#include "ctl/topic_patterns.h"
#include "decode/topic_filter.h"
#include "decode/utf8.h"
#include "upload/url_template.h"

namespace {

constexpr std::int64_t kNowMs = 1772366400000;
constexpr std::int64_t kYear10000Ms = 253402300800000;
constexpr std::size_t kMessagesMax = 12;

std::string_view take(std::string_view& rest, char until) {
  const std::size_t end = rest.find(until);
  const std::string_view taken = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return taken;
}

std::string http_date(std::int64_t ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const long long second = (time - day).count() / 1000;
  char text[64];
  std::snprintf(text, sizeof text, "Mon, %02u %s %04d %02lld:%02lld:%02lld GMT",
                static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                static_cast<int>(date.year()), second / 3600, second / 60 % 60, second % 60);
  return text;
}

void wait_for(std::string_view text) {
  std::string_view date = text;
  const std::string_view retry_after = take(date, '\n');
  const std::int64_t wait_ms = sluice::retry_after_ms(retry_after, date, kNowMs);
  SLUICE_CHECK(wait_ms >= 0 && wait_ms <= 10ll * 366 * 86400'000, "a wait is bounded");
  const auto ms = sluice::parse_http_date(retry_after, kNowMs);
  if (!ms || *ms < 0 || *ms >= kYear10000Ms) return;
  SLUICE_CHECK(sluice::parse_http_date(http_date(*ms), kNowMs) == ms, http_date(*ms).c_str());
}

void read_time(std::string_view text) {
  const auto ms = sluice::parse_time_argument(text);
  if (!ms || *ms < 0 || *ms >= kYear10000Ms) return;
  SLUICE_CHECK(sluice::parse_rfc3339(sluice::format_rfc3339(*ms)) == ms, "a time is written as it is read");
}

void show_url(const std::string& text) {
  SLUICE_CHECK(sluice::url_shown(text).size() <= text.size() + 6, "no more is shown than there is");
  SLUICE_CHECK(sluice::url_shown("http://h/p?" + text) == "http://h/p?***", "a query is not shown");
  if (text.find_first_of("/?#") == std::string::npos) {
    SLUICE_CHECK(sluice::url_shown("http://u:" + text + "@h/p") == "http://***@h/p", "no password is shown");
    SLUICE_CHECK(sluice::url_has_userinfo("http://u:" + text + "@h/p"), "it is seen");
  }
  if (!sluice::check_url_template(text).ok()) return;
  sluice::Delivery delivery;
  delivery.gateway = "gw";
  delivery.day = 20513;
  delivery.revision = 2;
  const std::string url = sluice::expand_url(text, delivery);
  SLUICE_CHECK(url.find_first_of("{}") == std::string::npos, url.c_str());
  SLUICE_CHECK(sluice::url_origin(url) == sluice::url_origin(text), "what is filled in is no host");
}

void render(std::string_view text) {
  sluice::AlertEvent event;
  event.alert = "frost";
  event.sensor = "rooms/hall/temperature";
  event.severity = "warning";
  event.value = 1.0 / 3;
  event.unit = "°C";
  event.labels = {{"site", "berlin"}};
  const std::string out = sluice::render_message(text, event);
  SLUICE_CHECK(text.find('{') != std::string_view::npos || out == text, "what is no placeholder stays");
  SLUICE_CHECK(sluice::render_message(out, event) == out, out.c_str());
}

// A line each: the topic, a blank, the payload.
void discover(std::string_view text) {
  sluice::TopicSurvey survey;
  std::map<std::string, int> topics;
  for (std::size_t i = 0; i < kMessagesMax && !text.empty(); ++i) {
    std::string_view payload = take(text, '\n');
    const std::string topic(take(payload, ' '));
    const bool heard = sluice::check_topic_filter(topic).ok() && sluice::is_utf8(topic) && topic[0] != '$' &&
                       topic.find_first_of(std::string_view("+#\0", 3)) == std::string::npos;
    if (!heard) continue;
    survey.add(topic, payload, i % 3 == 0, kNowMs);
    ++topics[topic];
  }
  std::uint64_t messages = 0;
  for (const sluice::TopicPattern& pattern : survey.patterns()) {
    messages += pattern.messages;
    for (const std::string& topic : pattern.topics) {
      SLUICE_CHECK(sluice::topic_matches(pattern.filter, topic), pattern.filter.c_str());
      SLUICE_CHECK(topics.erase(topic) == 1, "a topic has one pattern");
    }
    SLUICE_CHECK(pattern.shape.members.size() <= sluice::PayloadShape::kMembersMax, "the limit holds");
    (void)sluice::describe_shape(pattern.shape);
    const auto entry = sluice::entry_of(pattern);
    if (!entry) continue;
    const std::string yaml = "readings:\n  - " + sluice::entry_yaml(*entry) + "\n";
    const auto settings = sluice::parse_settings(yaml, "fuzz", sluice::NamedFiles::kNotLookedAt);
    SLUICE_CHECK(settings.ok(), (yaml + (settings.ok() ? "" : settings.error().context)).c_str());
    const sluice::ReadingsEntry& read = settings->decode.readings.at(0);
    SLUICE_CHECK(read.topic == entry->topic && read.fields == entry->fields && read.states == entry->states &&
                     read.value == entry->value && read.time == entry->time && read.each == entry->each,
                 yaml.c_str());
  }
  SLUICE_CHECK(topics.empty() && messages == survey.messages(), "every message is in a pattern");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  wait_for(text);
  read_time(text);
  show_url(std::string(text));
  render(text);
  discover(text);
  return 0;
}
