// What the configuration says of the channels under `notify`: one struct a type, filled by config/.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "model/http_exchange.h"

namespace sluice {

struct MqttChannelSettings {
  static constexpr const char* kType = "mqtt";
};

struct HttpPostSettings {
  std::string url;
  std::map<std::string, std::string> headers;  // {token} in a value stands for the token
  std::string token_file;                      // as in base/secret.h; empty: none
  TlsFiles tls;
  std::chrono::milliseconds timeout{10000};
};

struct WebhookSettings {
  static constexpr const char* kType = "webhook";
  HttpPostSettings http;
};

struct AlertmanagerSettings {
  static constexpr const char* kType = "alertmanager";
  HttpPostSettings http;                     // url: what comes before /api/v2/alerts
  std::chrono::milliseconds refresh{60000};  // less than half of Alertmanager's resolve_timeout
};

struct HomeAssistantSettings {
  static constexpr const char* kType = "homeassistant";
  std::string prefix = "homeassistant";                           // of its discovery topics
  std::chrono::milliseconds every{30000};                         // a sensor's value at most so often
  std::chrono::milliseconds forget{std::chrono::hours(30 * 24)};  // a silent sensor's entity goes
  std::size_t entities = 1000;                                    // at most
};

struct ExecSettings {
  static constexpr const char* kType = "exec";
  std::vector<std::string> command;  // absolute path of the program, and its arguments
  std::chrono::milliseconds timeout{10000};
  std::size_t parallel = 4;  // programs that run at a time
};

using ChannelSettings = std::variant<MqttChannelSettings, WebhookSettings, AlertmanagerSettings,
                                     HomeAssistantSettings, ExecSettings>;

struct NotifyEntry {
  std::string name;  // free; several channels may be of one type
  ChannelSettings channel;
  const char* type() const {
    return std::visit([](const auto& settings) { return settings.kType; }, channel);
  }
};

}  // namespace sluice
