#include "alert/home_assistant_channel.h"

#include <fmt/format.h>

#include <utility>

#include "alert/event_json.h"
#include "alert/home_assistant_topics.h"
#include "base/time_text.h"

namespace sluice {

namespace {

constexpr std::int64_t kSweepMs = 3600000;
constexpr int kReadingsATurn = 500;  // taken over from the gateway
constexpr int kValuesATurn = 100;    // published; a turn is at most 200 ms
constexpr const char* kResolved = R"({"state":"resolved"})";

}  // namespace

HomeAssistantChannel::HomeAssistantChannel(Publisher& publisher, Clock& clock, Log& log,
                                           HomeAssistantSettings settings, HomeAssistantGateway gateway,
                                           Sources sources, std::uint64_t jitter_seed)
    : publisher_(publisher),
      clock_(clock),
      log_(log),
      settings_(std::move(settings)),
      gateway_(std::move(gateway)),
      sources_(std::move(sources)),
      connection_(
          publisher, clock, log, "the connection for Home Assistant", [this] { return start_anew(); },
          jitter_seed) {}

Status HomeAssistantChannel::ready() {
  return connection_.ready();
}

Status HomeAssistantChannel::start_anew() {
  announced_.clear();
  states_.clear();
  stale_ = true;
  if (Status done = publisher_.listen(settings_.prefix + "/status"); !done) return done;
  const std::string mark = home_assistant_prefix_topic(gateway_.id, settings_.prefix);
  states_.insert(mark);
  if (Status done = send(mark, "1"); !done) return done;
  return announce_all();
}

Status HomeAssistantChannel::announce_all() {
  forget_old();
  const std::vector<AlertEvent> standing = sources_.standing();
  const Firing firing = firing_of(standing);
  for (auto& [name, sensor] : sensors_) {
    if (Status done = announce_sensor(name, sensor, firing); !done) return done;
    sensor.waits = true;
    sensor.due_boot_ms = 0;
  }
  for (const AlertEvent& event : standing) {
    Status done = publish_event(event);
    if (!done && done.error().code != ErrorCode::kRefused) return done;  // refused: beyond the limit
  }
  return connection_.wait_acknowledged();
}

// What the broker retains of us may be from another configuration.
Status HomeAssistantChannel::remove_stale() {
  Result<std::vector<std::string>> retained = home_assistant_retained(publisher_, gateway_.id);
  if (!retained) return retained.error();
  for (const std::string& topic : *retained) {
    if (announced_.contains(topic) || states_.contains(topic)) continue;
    if (Status done = send(topic, ""); !done) return done;
  }
  return connection_.wait_acknowledged();
}

bool HomeAssistantChannel::room_for_entity(const HomeAssistantEntity& entity) {
  if (announced_.contains(entity.config_topic)) return true;
  if (announced_.size() < settings_.entities) return true;
  count_refused();
  return false;
}

void HomeAssistantChannel::count_refused() {
  if (refused_++ == 0)
    log_.warning("Home Assistant is shown {} entities and no more: see `entities` of its channel",
                 settings_.entities);
}

Status HomeAssistantChannel::announce(const HomeAssistantEntity& entity) {
  announced_.insert(entity.config_topic);
  states_.insert(entity.state_topic);
  return send(entity.config_topic, entity.config);
}

Status HomeAssistantChannel::withdraw(const HomeAssistantEntity& entity) {
  announced_.erase(entity.config_topic);
  states_.erase(entity.state_topic);
  Status done = send(entity.config_topic, "");
  return done ? send(entity.state_topic, "") : done;
}

HomeAssistantChannel::Firing HomeAssistantChannel::firing_of(const std::vector<AlertEvent>& standing) {
  Firing firing;
  for (const AlertEvent& event : standing) firing.emplace(event.alert, event.sensor);
  return firing;
}

Status HomeAssistantChannel::announce_sensor(const std::string& name, const Sensor& sensor,
                                             const Firing& firing) {
  const HomeAssistantEntity entity = reading_entity(gateway_, settings_.prefix, name, sensor.newest.unit);
  if (!room_for_entity(entity)) return {};
  if (Status done = announce(entity); !done) return done;
  for (const std::string& rule : sources_.rules_of(name)) {
    if (Status done = announce_alert(rule, name, firing); !done) return done;
  }
  return {};
}

// What fires is told afterwards; until then nothing is wrong.
Status HomeAssistantChannel::announce_alert(const std::string& alert, const std::string& sensor,
                                            const Firing& firing) {
  const HomeAssistantEntity entity = alert_entity(gateway_, settings_.prefix, alert, sensor);
  if (!room_for_entity(entity)) return {};
  if (Status done = announce(entity); !done) return done;
  return firing.contains({alert, sensor}) ? Status() : send(entity.state_topic, kResolved);
}

Status HomeAssistantChannel::publish_event(const AlertEvent& event) {
  const HomeAssistantEntity entity = alert_entity(gateway_, settings_.prefix, event.alert, event.sensor);
  const std::string json = event_to_json(event, gateway_.id);
  if (event.flags & kTest) {  // leaves nothing behind
    return publisher_.publish("sluice/" + gateway_.id + "/homeassistant/test", json, 1, false);
  }
  if (!room_for_entity(entity)) {
    return make_error(ErrorCode::kRefused, "Home Assistant is shown no more entities; raise `entities`");
  }
  if (!announced_.contains(entity.config_topic)) {
    if (Status done = announce(entity); !done) return done;
  }
  return send(entity.state_topic, json);
}

std::vector<ChannelAnswer> HomeAssistantChannel::deliver_all(const std::vector<AlertEvent>& events) {
  if (!connection_.connect_if_due())
    return std::vector<ChannelAnswer>(events.size(), ChannelAnswer{ready(), {}});
  std::vector<ChannelAnswer> answers;
  answers.reserve(events.size());
  for (const AlertEvent& event : events) answers.push_back({publish_event(event), {}});
  if (Status all = connection_.wait_acknowledged(); !all) {
    for (ChannelAnswer& answer : answers) {
      if (answer.status) answer.status = all;
    }
    connection_.lost(all);
  }
  return answers;
}

void HomeAssistantChannel::tick() {
  take_readings();
  if (!connection_.connect_if_due()) return;
  while (std::optional<std::string> said = publisher_.take_heard()) {
    if (*said == "online") connection_.lost(announce_all());  // it has started, and may have forgotten all
  }
  // Until all that the gateway knows of is announced, what is retained may be what is still to come.
  if (connection_.up() && stale_ && sources_.readings.size() == 0) {
    stale_ = false;
    connection_.lost(remove_stale());
  }
  if (connection_.up()) publish_due();
  const std::int64_t now = clock_.now().boot_ms;
  if (!connection_.up() || now < next_sweep_boot_ms_) return;
  next_sweep_boot_ms_ = now + kSweepMs;
  forget_old();
}

void HomeAssistantChannel::take_readings() {
  for (int i = 0; i < kReadingsATurn; ++i) {
    auto item = sources_.readings.wait_pop(std::chrono::milliseconds(0));
    if (!item) return;
    auto found = sensors_.find(item->first);
    const bool is_new = found == sensors_.end();
    if (is_new && sensors_.size() >= settings_.entities) {
      count_refused();
      continue;
    }
    if (is_new) found = sensors_.emplace(item->first, Sensor{}).first;
    Sensor& sensor = found->second;
    const bool renamed_unit = !is_new && sensor.newest.unit != item->second.unit;
    sensor.newest = std::move(item->second);
    sensor.waits = true;
    if (connection_.up() && (is_new || renamed_unit))
      connection_.lost(announce_sensor(found->first, sensor, firing_of(sources_.standing())));
  }
}

Status HomeAssistantChannel::publish_value(const std::string& name, Sensor& sensor) {
  const HomeAssistantEntity entity = reading_entity(gateway_, settings_.prefix, name, sensor.newest.unit);
  sensor.waits = false;
  sensor.due_boot_ms = clock_.now().boot_ms + settings_.every.count();
  if (!announced_.contains(entity.config_topic)) return {};
  return send(entity.state_topic, fmt::format(R"({{"value":{},"time":"{}"}})", sensor.newest.value,
                                              format_rfc3339(sensor.newest.time_ms)));
}

void HomeAssistantChannel::publish_due() {
  const std::int64_t now = clock_.now().boot_ms;
  int published = 0;
  for (auto& [name, sensor] : sensors_) {
    if (!sensor.waits || sensor.due_boot_ms > now) continue;
    if (published++ == kValuesATurn) return;
    if (Status done = publish_value(name, sensor); !done) return connection_.lost(done);
  }
  if (published > 0) connection_.lost(connection_.wait_acknowledged());
}

void HomeAssistantChannel::forget_old() {
  const std::int64_t oldest_ms = clock_.now().wall_ms - settings_.forget.count();
  for (auto at = sensors_.begin(); at != sensors_.end();) {
    if (at->second.newest.arrival_ms >= oldest_ms) {
      ++at;
      continue;
    }
    const std::string name = at->first;
    const std::string unit = at->second.newest.unit;
    at = sensors_.erase(at);
    if (!connection_.up()) continue;  // at the next connect what is retained is removed
    Status done = withdraw(reading_entity(gateway_, settings_.prefix, name, unit));
    for (const std::string& rule : sources_.rules_of(name)) {
      if (done) done = withdraw(alert_entity(gateway_, settings_.prefix, rule, name));
    }
    if (!done) return connection_.lost(done);
  }
}

}  // namespace sluice
