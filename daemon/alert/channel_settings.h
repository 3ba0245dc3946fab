// What the configuration says of the channels under `notify`: one struct a type, filled by config/.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace sluice {

struct MqttChannelSettings {
  static constexpr const char* kType = "mqtt";
};

struct ExecSettings {
  static constexpr const char* kType = "exec";
  std::vector<std::string> command;  // absolute path of the program, and its arguments
  std::chrono::milliseconds timeout{10000};
  std::size_t parallel = 4;  // programs that run at a time
};

using ChannelSettings = std::variant<MqttChannelSettings, ExecSettings>;

struct NotifyEntry {
  std::string name;  // free; several channels may be of one type
  ChannelSettings channel;
  const char* type() const {
    return std::visit([](const auto& settings) { return settings.kType; }, channel);
  }
};

}  // namespace sluice
