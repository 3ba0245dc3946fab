#include "app/wire_channels.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <utility>

#include "alert/alertmanager_channel.h"
#include "alert/event_json.h"
#include "alert/exec_channel.h"
#include "alert/home_assistant_channel.h"
#include "alert/mqtt_channel.h"
#include "alert/webhook_channel.h"
#include "decode/topic_filter.h"
#include "io/http_multi.h"
#include "io/mqtt_publisher.h"
#include "io/posix_program_runner.h"
#include "version.h"

namespace sluice {

namespace {

std::string mqtt_status(IntakeState state) {
  const bool held = state == IntakeState::kHolding || state == IntakeState::kHeld;
  return std::string(R"({"state":"online","intake":")") +
         (state == IntakeState::kUp ? "up"
          : held                    ? "held"
                                    : "down") +
         R"("})";
}

NotifyLoop::Hooks wire_one(const MqttChannelSettings&, const ChannelParts& parts, WiredChannel& wired) {
  const std::string& gateway = parts.settings.gateway.id;
  wired.publisher = std::make_unique<MqttPublisher>(parts.settings.mqtt, gateway);
  const bool home_assistant = std::any_of(
      parts.settings.notify.begin(), parts.settings.notify.end(),
      [](const NotifyEntry& entry) { return std::holds_alternative<HomeAssistantSettings>(entry.channel); });
  auto mqtt = std::make_unique<MqttChannel>(
      *wired.publisher, parts.clock, parts.log, gateway,
      [gateway](const AlertEvent& event) { return event_to_json(event, gateway); },
      [&slots = parts.slots, name = wired.name] { return slots.standing_for(name); }, std::random_device{}(),
      home_assistant);
  MqttChannel* channel = mqtt.get();
  wired.channel = std::move(mqtt);
  NotifyLoop::Hooks hooks;
  hooks.tick = [&vitals = parts.vitals, channel, said = std::string()]() mutable {
    std::string status = mqtt_status(vitals.session.get().state);
    if (status != said && channel->publish_status(status).ok()) said = std::move(status);
  };
  hooks.close = [channel] { channel->close(R"({"state":"offline"})"); };
  return hooks;
}

NotifyLoop::Hooks wire_one(const WebhookSettings& settings, const ChannelParts& parts, WiredChannel& wired) {
  wired.sender = std::make_unique<HttpMulti>(&parts.vitals.stopping, &parts.vitals.reloading);
  wired.channel =
      std::make_unique<WebhookChannel>(*wired.sender, parts.clock, settings, parts.settings.gateway.id);
  return {};
}

NotifyLoop::Hooks wire_one(const AlertmanagerSettings& settings, const ChannelParts& parts,
                           WiredChannel& wired) {
  wired.sender = std::make_unique<HttpMulti>(&parts.vitals.stopping, &parts.vitals.reloading);
  std::vector<AlertEvent> told = parts.told;
  std::erase_if(told, [&](const AlertEvent& event) {
    return std::find(event.channels.begin(), event.channels.end(), wired.name) == event.channels.end();
  });
  wired.channel = std::make_unique<AlertmanagerChannel>(
      *wired.sender, parts.clock, parts.log, settings, parts.settings.gateway.id,
      [&slots = parts.slots, name = wired.name] { return slots.standing_for(name); }, told);
  return {};
}

NotifyLoop::Hooks wire_one(const HomeAssistantSettings& settings, const ChannelParts& parts,
                           WiredChannel& wired) {
  const std::string& gateway = parts.settings.gateway.id;
  // Values in front of an alert on one connection would hold it up for a delayed acknowledgement of TCP.
  wired.publisher =
      std::make_unique<MqttPublisher>(parts.settings.mqtt, gateway, MqttPublisher::Role{wired.name, false});
  auto rules_of = [&rules = parts.settings.alerts.rules, name = wired.name](const std::string& sensor) {
    std::vector<std::string> names;
    for (const Rule& rule : rules) {
      const bool told = std::find(rule.notify.begin(), rule.notify.end(), name) != rule.notify.end();
      if (told && topic_matches(rule.sensor, sensor)) names.push_back(rule.name);
    }
    return names;
  };
  auto channel = std::make_unique<HomeAssistantChannel>(
      *wired.publisher, parts.clock, parts.log, settings, HomeAssistantGateway{gateway, kVersion},
      HomeAssistantChannel::Sources{
          parts.readings.add(),
          [&slots = parts.slots, name = wired.name] { return slots.standing_for(name); }, rules_of},
      std::random_device{}());
  NotifyLoop::Hooks hooks;
  hooks.close = [own = channel.get()] { own->close(); };
  wired.channel = std::move(channel);
  return hooks;
}

// Programs get what they need to find their own files, and nothing that is meant for us alone (systemd's
// variables, credentials).
std::vector<std::string> program_environment() {
  std::vector<std::string> variables;
  for (const char* name : {"PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ"}) {
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  }
  return variables;
}

NotifyLoop::Hooks wire_one(const ExecSettings& settings, const ChannelParts& parts, WiredChannel& wired) {
  wired.programs = std::make_unique<PosixProgramRunner>(&parts.vitals.stopping, &parts.vitals.reloading);
  wired.channel = std::make_unique<ExecChannel>(*wired.programs, parts.log, settings,
                                                parts.settings.gateway.id, program_environment());
  return {};
}

}  // namespace

std::vector<WiredChannel> wire_channels(const ChannelParts& parts) {
  std::vector<WiredChannel> channels;
  for (const NotifyEntry& entry : parts.settings.notify) {
    WiredChannel wired;
    wired.name = entry.name;
    NotifyLoop::Hooks hooks =
        std::visit([&](const auto& settings) { return wire_one(settings, parts, wired); }, entry.channel);
    wired.loop = std::make_unique<NotifyLoop>(
        entry, *wired.channel, parts.slots.channel(entry.name),
        [&store = parts.store, name = entry.name](const AlertEvent& event) {
          store.delivered(Store::Delivered::of(event, name));
        },
        parts.clock, parts.vitals, parts.log, std::move(hooks), std::random_device{}());
    channels.push_back(std::move(wired));
  }
  return channels;
}

}  // namespace sluice
