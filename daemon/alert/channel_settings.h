// What the configuration says of the channels under `notify`: one struct a type, filled by config/.
#pragma once

#include <string>
#include <variant>

namespace sluice {

struct MqttChannelSettings {
  static constexpr const char* kType = "mqtt";
};

using ChannelSettings = std::variant<MqttChannelSettings>;

struct NotifyEntry {
  std::string name;  // free; several channels may be of one type
  ChannelSettings channel;
  const char* type() const {
    return std::visit([](const auto& settings) { return settings.kType; }, channel);
  }
};

}  // namespace sluice
