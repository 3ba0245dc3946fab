#include "alert/alertmanager_channel.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/time_text.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

constexpr int kTriesPerInterval = 4;  // after a refresh that failed

// A label's name in Prometheus' data model: [a-zA-Z_][a-zA-Z0-9_]*
std::string label_name(const std::string& name) {
  std::string out;
  for (char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (digit && out.empty()) out += '_';
    out += letter || digit ? c : '_';
  }
  return out;
}

// By which Alertmanager knows it.
Json labels_of(const AlertEvent& event, const std::string& gateway) {
  Json labels = Json::object();
  for (const auto& [name, value] : event.labels) labels[label_name(name)] = value;
  // Last: no label of a sensor can stand for another alert.
  labels["alertname"] = event.alert;
  labels["sensor"] = event.sensor;
  labels["gateway"] = gateway;
  labels["severity"] = event.severity;
  if (event.flags & kTest) labels["test"] = "true";
  return labels;
}

Json alert_of(const AlertEvent& event, const std::string& gateway) {
  Json alert{{"labels", labels_of(event, gateway)},
             {"annotations",
              {{"message", event.message},
               {"value", fmt::format("{}", event.value)},
               {"threshold", fmt::format("{}", event.threshold)},
               {"unit", event.unit}}}};
  // A time of an unset clock would be years off; Alertmanager then takes the moment of arrival.
  const bool timed = (event.flags & kClockWasUnset) == 0;
  if (timed) alert["startsAt"] = format_rfc3339(event.since_ms);
  if (event.state == AlertState::kResolved)
    alert["endsAt"] = format_rfc3339(std::max(event.at_ms, event.since_ms));
  return alert;
}

}  // namespace

AlertmanagerChannel::AlertmanagerChannel(Sender& sender, Clock& clock, Log& log,
                                         const AlertmanagerSettings& settings, std::string gateway,
                                         std::function<std::vector<AlertEvent>()> standing,
                                         const std::vector<AlertEvent>& told)
    : post_(sender, clock,
            [&] {
              HttpPostSettings http = settings.http;
              while (http.url.ends_with('/')) http.url.pop_back();
              http.url += "/api/v2/alerts";
              return http;
            }()),
      clock_(clock),
      log_(log),
      refresh_(settings.refresh),
      gateway_(std::move(gateway)),
      standing_(std::move(standing)) {
  note(told);
}

std::string AlertmanagerChannel::body_of(const std::vector<AlertEvent>& events) const {
  Json alerts = Json::array();
  for (const AlertEvent& event : events) {
    const auto told = told_.find({event.alert, event.sensor});
    if (told != told_.end() && (event.flags & kTest) == 0 &&
        labels_of(told->second, gateway_) != labels_of(event, gateway_)) {
      AlertEvent before = told->second;
      before.state = AlertState::kResolved;
      before.at_ms = event.at_ms;
      alerts.push_back(alert_of(before, gateway_));
    }
    alerts.push_back(alert_of(event, gateway_));
  }
  return alerts.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void AlertmanagerChannel::note(const std::vector<AlertEvent>& events) {
  for (const AlertEvent& event : events) {
    if (event.flags & kTest) continue;
    if (event.state == AlertState::kFiring) {
      told_[{event.alert, event.sensor}] = event;
    } else {
      told_.erase({event.alert, event.sensor});
    }
  }
}

std::vector<ChannelAnswer> AlertmanagerChannel::deliver_all(const std::vector<AlertEvent>& events) {
  ChannelAnswer all = post_.post_all({body_of(events)}).front();
  if (all.status) note(events);
  const bool refused = !all.status && all.status.error().code == ErrorCode::kRefused;
  if (!refused || events.size() == 1) return std::vector<ChannelAnswer>(events.size(), all);
  // One that it does not take has all of a request refused: which one is it?
  std::vector<std::string> bodies;
  bodies.reserve(events.size());
  for (const AlertEvent& event : events) bodies.push_back(body_of({event}));
  std::vector<ChannelAnswer> answers = post_.post_all(std::move(bodies));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].status) note({events[i]});
  }
  return answers;
}

void AlertmanagerChannel::tick() {
  if (clock_.now().boot_ms < next_refresh_boot_ms_) return;
  const std::vector<AlertEvent> standing = standing_();
  Status told;
  for (std::size_t at = 0; at < standing.size() && told; at += at_once()) {
    const auto begin = standing.begin() + static_cast<std::ptrdiff_t>(at);
    const auto end = begin + static_cast<std::ptrdiff_t>(std::min(at_once(), standing.size() - at));
    told = post_.post_all({body_of({begin, end})}).front().status;
    if (told) note({begin, end});
    // A refusal is about one of these only.
    if (!told && told.error().code == ErrorCode::kRefused) {
      log_.warning("Alertmanager does not take what stands: {}", told.error().context);
      told = {};
    }
  }
  if (!told && !refresh_failing_)
    log_.warning("Alertmanager cannot be told what stands: {}; it is tried again", told.error().context);
  refresh_failing_ = !told;
  next_refresh_boot_ms_ = clock_.now().boot_ms + refresh_.count() / (told ? 1 : kTriesPerInterval);
}

}  // namespace sluice
