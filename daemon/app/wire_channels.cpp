#include "app/wire_channels.h"

#include <random>
#include <utility>

#include "alert/event_json.h"
#include "alert/mqtt_channel.h"
#include "io/mqtt_publisher.h"

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
  auto mqtt = std::make_unique<MqttChannel>(
      *wired.publisher, parts.clock, parts.log, gateway,
      [gateway](const AlertEvent& event) { return event_to_json(event, gateway); },
      [&slots = parts.slots] { return slots.standing(); }, std::random_device{}());
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

}  // namespace

std::vector<WiredChannel> wire_channels(const ChannelParts& parts) {
  std::vector<WiredChannel> channels;
  for (const NotifyEntry& entry : parts.settings.notify) {
    WiredChannel wired;
    NotifyLoop::Hooks hooks =
        std::visit([&](const auto& settings) { return wire_one(settings, parts, wired); }, entry.channel);
    wired.loop = std::make_unique<NotifyLoop>(entry.name, *wired.channel, parts.slots, parts.store,
                                              parts.vitals, parts.log, std::move(hooks));
    channels.push_back(std::move(wired));
  }
  return channels;
}

}  // namespace sluice
