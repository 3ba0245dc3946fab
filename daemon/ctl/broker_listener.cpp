#include "ctl/broker_listener.h"

#include <fmt/format.h>

#include <random>

#include "io/paho_broker_link.h"

namespace sluice {

namespace {

constexpr std::size_t kMessagesMax = 1000;
constexpr std::size_t kAnswersMax = 16;
constexpr std::chrono::milliseconds kAnswerPatience{15000};

BrokerSettings as_listener(BrokerSettings settings) {
  settings.client_id = fmt::format("sluicectl-{:08x}", std::random_device{}());
  settings.clean_session = true;
  return settings;
}

}  // namespace

BrokerListener::BrokerListener(BrokerSettings settings)
    : settings_(as_listener(std::move(settings))),
      answers_(kAnswersMax),
      messages_(kMessagesMax),
      link_(std::make_unique<PahoBrokerLink>(settings_, static_cast<BrokerEvents&>(*this))) {}

BrokerListener::~BrokerListener() = default;

Status BrokerListener::open(const std::vector<Subscription>& filters) {
  if (Status started = link_->connect(); !started.ok()) return started;
  Result<Answer> connected = wait_answer();
  if (!connected) return connected.error();
  if (connected->kind != Answer::Kind::kConnected) {
    return make_error(ErrorCode::kUnavailable, connected->why);
  }
  if (Status started = link_->subscribe(filters); !started.ok()) return started;
  Result<Answer> subscribed = wait_answer();
  if (!subscribed) return subscribed.error();
  if (subscribed->kind != Answer::Kind::kSubscribed) {
    return make_error(ErrorCode::kUnavailable, subscribed->why);
  }
  for (std::size_t i = 0; i < filters.size() && i < subscribed->codes.size(); ++i) {
    if (subscribed->codes[i] >= 0x80) {
      return make_error(ErrorCode::kRefused, "the broker refused the subscription " + filters[i].filter +
                                                 "; check its access control list");
    }
  }
  return {};
}

Result<BrokerListener::Answer> BrokerListener::wait_answer() {
  std::optional<Answer> answer = answers_.wait_pop(kAnswerPatience);
  if (answer) return *answer;
  return make_error(ErrorCode::kUnavailable, "the broker at " + settings_.uri +
                                                 " does not answer; check that it runs and that mqtt.broker "
                                                 "names it");
}

std::optional<HeardMessage> BrokerListener::next(std::chrono::milliseconds patience) {
  return messages_.wait_pop(patience);
}

std::optional<std::string> BrokerListener::lost() {
  std::optional<Answer> answer = answers_.try_pop();
  if (!answer || answer->kind != Answer::Kind::kLost) return std::nullopt;
  return answer->why;
}

// A full queue of answers means that nobody waits for them any more.
void BrokerListener::on_connected(bool) {
  (void)answers_.push({Answer::Kind::kConnected, "", {}});
}
void BrokerListener::on_connect_failed(const std::string& why) {
  (void)answers_.push({Answer::Kind::kFailed, why, {}});
}
void BrokerListener::on_subscribed(const std::vector<int>& codes) {
  (void)answers_.push({Answer::Kind::kSubscribed, "", codes});
}
void BrokerListener::on_lost(const std::string& why) {
  (void)answers_.push({Answer::Kind::kLost, why, {}});
}

void BrokerListener::on_message(const ArrivedMessage& message) {
  if (message.topic.starts_with("sluice/") || message.topic.starts_with('$')) return;
  HeardMessage heard;
  heard.topic = message.topic;
  heard.qos = message.qos;
  heard.retained = message.retained;
  heard.oversize = message.payload.size() > settings_.max_payload_bytes;
  if (!heard.oversize) heard.payload = message.payload;
  (void)messages_.push(std::move(heard));  // the inbox counts what it refuses
}

}  // namespace sluice
