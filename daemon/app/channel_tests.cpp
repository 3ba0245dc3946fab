#include "app/channel_tests.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kPatience{800};

}  // namespace

std::vector<std::string> ChannelTests::channels_of(const std::string& name) const {
  for (const WiredChannel& channel : channels_) {
    if (channel.name == name) return {name};
  }
  for (const Rule& rule : settings_.alerts.rules) {
    if (rule.name == name) return rule.notify;
  }
  return {};
}

AlertEvent ChannelTests::event_for(const std::string& name) const {
  AlertEvent event;
  event.alert = name;
  event.severity = "info";
  for (const Rule& rule : settings_.alerts.rules) {
    if (rule.name == name) event.severity = rule.severity;
  }
  event.sensor = "$test";  // no topic of a sensor begins so
  event.since_ms = event.at_ms = clock_.now().wall_ms;
  event.message = "This is a test of " + name + ": nothing is wrong.";
  event.flags = kTest;
  event.id = alert_id(settings_.gateway.id, event.alert, event.sensor, event.since_ms);
  return event;
}

Result<std::string> ChannelTests::begin(const std::string& name) {
  const std::vector<std::string> wanted = channels_of(name);
  if (wanted.empty()) {
    return make_error(ErrorCode::kNotFound, "there is no channel \"" + name +
                                                "\" under notify, and no rule of that name that tells one");
  }
  const AlertEvent event = event_for(name);
  std::vector<Run> runs;
  for (const WiredChannel& channel : channels_) {
    if (std::find(wanted.begin(), wanted.end(), channel.name) == wanted.end()) continue;
    Result<std::future<Status>> answer = channel.loop->test(event);
    if (!answer) return answer.error();
    runs.push_back({channel.name, std::move(*answer), std::nullopt});
  }
  runs_ = std::move(runs);
  id_ = event.id;
  return look(kPatience / static_cast<int>(runs_.size()));
}

Result<std::string> ChannelTests::result(const std::string& id) {
  if (id.empty() || id != id_) {
    return make_error(ErrorCode::kNotFound, "another test has begun since; begin this one again");
  }
  return look(std::chrono::milliseconds(0));
}

std::string ChannelTests::look(std::chrono::milliseconds patience) {
  nlohmann::ordered_json json{{"test", id_}, {"done", true}};
  json["channels"] = nlohmann::ordered_json::array();
  for (Run& run : runs_) {
    if (!run.said && run.answer.wait_for(patience) == std::future_status::ready) run.said = run.answer.get();
    nlohmann::ordered_json entry{{"channel", run.channel}, {"told", nullptr}, {"error", ""}};
    if (run.said) {
      entry["told"] = run.said->ok();
      if (!run.said->ok()) entry["error"] = run.said->error().context;
    } else {
      json["done"] = false;
    }
    json["channels"].push_back(std::move(entry));
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace sluice
