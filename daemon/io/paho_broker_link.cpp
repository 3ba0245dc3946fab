#include "io/paho_broker_link.h"

#include <mqtt/async_client.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include "base/secret.h"
#include "io/broker_endpoint.h"

namespace sluice {

namespace {

constexpr std::chrono::seconds kConnectTimeout{10};
constexpr int kSessionTakenOver = 0x8e;
constexpr int kQosNotSupported = 0x9b;

// A DISCONNECT of the broker (MQTT 5, 3.14.2.1).
std::string why_closed(int code) {
  if (code == kSessionTakenOver) return "taken over by another client with the same id";
  std::string why = "the broker closed the connection with code " + std::to_string(code);
  if (code == kQosNotSupported) why += ": it does not take QoS 1, which we need; raise its max_qos";
  return why;
}

// The wrapper's message hides its packet id. Naming a private member in an explicit instantiation is what the
// language allows for reading it without a cast.
template <MQTTAsync_message mqtt::message::*Inner>
struct PacketIdOf {
  friend int packet_id_of(const mqtt::message& message) { return (message.*Inner).msgid; }
};
int packet_id_of(const mqtt::message& message);
template struct PacketIdOf<&mqtt::message::msg_>;

Error unavailable(const std::string& what, const mqtt::exception& e) {
  return make_error(ErrorCode::kUnavailable, what + ": " + e.what());
}

}  // namespace

struct PahoBrokerLink::Impl final : mqtt::iaction_listener {
  Impl(BrokerSettings s, BrokerEvents& e) : settings(std::move(s)), events(e) {}

  Status create() {
    Result<BrokerEndpoint> parsed = parse_broker_uri(settings.uri);
    if (!parsed) return parsed.error();
    endpoint = parsed.value();
    try {
      mqtt::create_options options(settings.protocol == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1);
      client.emplace(endpoint.paho_uri, settings.client_id, options, nullptr);
      // Not set_callback(): with it the wrapper reports each connection twice.
      client->set_message_callback([this](const mqtt::const_message_ptr& message) { arrived(*message); });
      client->set_connection_lost_handler([this](const std::string& cause) { lost(cause); });
      // A connection that the broker closes with a reason is reported here and not as lost.
      client->set_disconnected_handler([this](const mqtt::properties&, mqtt::ReasonCode code) {
        lost(why_closed(static_cast<int>(code)));
      });
    } catch (const mqtt::exception& e) {
      client.reset();
      return unavailable("cannot make an MQTT client", e);
    }
    return {};
  }

  // Filled in place: a moved connect_options loses its properties, and with them the session's expiry.
  Status fill(mqtt::connect_options& options) const {
    if (settings.protocol == 5) {
      options.set_mqtt_version(MQTTVERSION_5);
      options.set_clean_start(settings.clean_session);
      mqtt::properties properties;
      properties.add(
          {mqtt::property::SESSION_EXPIRY_INTERVAL,
           static_cast<std::int32_t>(settings.clean_session ? 0 : settings.session_expiry.count())});
      properties.add({mqtt::property::RECEIVE_MAXIMUM, settings.receive_maximum});
      options.set_properties(properties);
    } else {
      options.set_mqtt_version(MQTTVERSION_3_1_1);
      options.set_clean_session(settings.clean_session);
    }
    options.set_automatic_reconnect(false);
    options.set_keep_alive_interval(settings.keepalive);
    options.set_connect_timeout(kConnectTimeout);
    if (!settings.username.empty()) options.set_user_name(settings.username);
    if (!settings.password_file.empty()) {
      Result<std::string> password = read_secret("mqtt.password_file", settings.password_file);
      if (!password) return password.error();
      options.set_password(password.value());
    }
    if (endpoint.tls) {
      for (const auto& [key, path] : {std::pair{"mqtt.tls.ca", settings.tls_ca_file},
                                      std::pair{"mqtt.tls.cert", settings.tls_cert_file},
                                      std::pair{"mqtt.tls.key", settings.tls_key_file}}) {
        if (Status readable = check_readable(key, path); !readable) return readable.error();
      }
      // No error handler: the library would keep a pointer into these options beyond their life.
      mqtt::ssl_options tls;
      if (!settings.tls_ca_file.empty()) tls.set_trust_store(settings.tls_ca_file);
      if (!settings.tls_cert_file.empty()) tls.set_key_store(settings.tls_cert_file);
      if (!settings.tls_key_file.empty()) tls.set_private_key(settings.tls_key_file);
      tls.set_enable_server_cert_auth(true);
      tls.set_verify(true);
      options.set_ssl(tls);
    }
    return {};
  }

  // mqtt::iaction_listener: what one of our calls came to.
  void on_success(const mqtt::token& token) override {
    switch (token.get_type()) {
      case mqtt::token::Type::CONNECT:
        up = true;
        events.on_connected(token.get_connect_response().is_session_present());
        break;
      case mqtt::token::Type::SUBSCRIBE: {
        const mqtt::subscribe_response response = token.get_subscribe_response();
        subscribed(token, static_cast<int>(response.get_reason_codes().at(0)));
        break;
      }
      case mqtt::token::Type::UNSUBSCRIBE:
        if (--leaving == 0) events.on_unsubscribed();
        break;
      case mqtt::token::Type::DISCONNECT:
        up = false;
        events.on_disconnected();
        break;
      default:
        break;
    }
  }

  void on_failure(const mqtt::token& token) override {
    // MQTT 3.1.1 answers with a return code of 1…5; the wrapper's reason code means nothing then.
    int code = token.get_return_code();
    if (settings.protocol == 5) code = std::max(code, static_cast<int>(token.get_reason_code()));
    switch (token.get_type()) {
      case mqtt::token::Type::CONNECT: {
        bool answered = settings.protocol == 5 ? code >= 0x80 : code >= 1 && code <= 5;
        events.on_connect_failed(
            "cannot connect to " + endpoint.name() + ": " +
            (answered ? refusal_text(code)
                      : why_unreachable(endpoint, {settings.tls_ca_file, settings.tls_cert_file,
                                                   settings.tls_key_file})));
        break;
      }
      // A refused filter comes as a failure. So does one whose connection broke: then the code is negative,
      // and lost() tells.
      case mqtt::token::Type::SUBSCRIBE:
        if (code >= 0x80) subscribed(token, code);
        break;
      case mqtt::token::Type::DISCONNECT:
        up = false;
        events.on_disconnected();
        break;
      default:
        break;
    }
  }

  // One SUBSCRIBE a filter (the wrapper crashes when several filters come with options), told as one.
  void subscribed(const mqtt::token& token, int code) {
    const std::string& filter = (*token.get_topics())[0];
    std::vector<int> complete;
    {
      std::lock_guard lock(codes_mutex);
      for (std::size_t i = 0; i < codes.size(); ++i) {
        if (asked[i].filter == filter) codes[i] = code;
      }
      if (std::find(codes.begin(), codes.end(), -1) == codes.end()) complete = std::exchange(codes, {});
    }
    if (!complete.empty()) events.on_subscribed(complete);
  }

  void lost(const std::string& cause) {
    if (up.exchange(false)) events.on_lost(cause.empty() ? "connection lost" : cause);
  }

  void arrived(const mqtt::message& message) {
    ArrivedMessage arrived;
    arrived.topic = message.get_topic();
    arrived.payload = message.get_payload();
    arrived.qos = message.get_qos();
    arrived.retained = message.is_retained();
    arrived.dup = message.is_duplicate();
    arrived.packet_id = static_cast<std::uint16_t>(packet_id_of(message));
    events.on_message(arrived);
  }

  const BrokerSettings settings;
  BrokerEvents& events;
  BrokerEndpoint endpoint;
  std::mutex codes_mutex;
  std::vector<Subscription> asked;           // the subscription under way …
  std::vector<int> codes;                    // … and its answers, -1: not there yet
  std::atomic<int> leaving{0};               // answers to an unsubscribing that are to come
  std::atomic<bool> up{false};               // reported as connected, and not yet as lost or disconnected
  std::optional<mqtt::async_client> client;  // last: its end ends the callbacks
};

PahoBrokerLink::PahoBrokerLink(BrokerSettings settings, BrokerEvents& events)
    : impl_(std::make_unique<Impl>(std::move(settings), events)) {}

PahoBrokerLink::~PahoBrokerLink() = default;

Status PahoBrokerLink::connect() {
  if (!impl_->client) {
    if (Status made = impl_->create(); !made) return made;
  }
  // The library would take a second connect() and break the first.
  if (impl_->client->is_connected()) {
    return make_error(ErrorCode::kUnavailable,
                      "the last connection to " + impl_->endpoint.name() + " is still up");
  }
  mqtt::connect_options options;
  if (Status filled = impl_->fill(options); !filled) return filled;
  try {
    impl_->client->connect(options, nullptr, *impl_);
  } catch (const mqtt::exception& e) {
    return unavailable("cannot connect to " + impl_->endpoint.name(), e);
  }
  return {};
}

Status PahoBrokerLink::subscribe(const std::vector<Subscription>& filters) {
  if (!impl_->client) return make_error(ErrorCode::kUnavailable, "not connected");
  // Retained messages come when a subscription is new, not each time that we come back to our session.
  mqtt::subscribe_options options;
  if (impl_->settings.protocol == 5) {
    options.set_retain_handling(mqtt::subscribe_options::SEND_RETAINED_ON_NEW);
  }
  {
    std::lock_guard lock(impl_->codes_mutex);
    impl_->asked = filters;
    impl_->codes.assign(filters.size(), -1);
  }
  try {
    for (const Subscription& filter : filters) {
      impl_->client->subscribe(filter.filter, filter.qos, nullptr, *impl_, options);
    }
  } catch (const mqtt::exception& e) {
    return unavailable("cannot subscribe", e);
  }
  return {};
}

Status PahoBrokerLink::unsubscribe(const std::vector<std::string>& filters) {
  if (!impl_->client) return make_error(ErrorCode::kUnavailable, "not connected");
  impl_->leaving = static_cast<int>(filters.size());
  try {
    for (const std::string& filter : filters) impl_->client->unsubscribe(filter, nullptr, *impl_);
  } catch (const mqtt::exception& e) {
    return unavailable("cannot unsubscribe", e);
  }
  return {};
}

Status PahoBrokerLink::publish_qos1(const std::string& topic, const std::string& payload) {
  if (!impl_->client) return make_error(ErrorCode::kUnavailable, "not connected");
  try {
    impl_->client->publish(topic, payload.data(), payload.size(), 1, false);
  } catch (const mqtt::exception& e) {
    return unavailable("cannot publish", e);
  }
  return {};
}

Status PahoBrokerLink::disconnect() {
  if (!impl_->client) return make_error(ErrorCode::kUnavailable, "not connected");
  try {
    impl_->client->disconnect(0, nullptr, *impl_);
  } catch (const mqtt::exception& e) {
    return unavailable("cannot disconnect", e);
  }
  return {};
}

}  // namespace sluice
