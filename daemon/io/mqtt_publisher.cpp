#include "io/mqtt_publisher.h"

#include <MQTTClient.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "base/secret.h"
#include "io/broker_endpoint.h"

namespace sluice {

namespace {

constexpr std::chrono::seconds kKeepaliveMax{10};
constexpr unsigned long kCommandTimeoutMs = 5000;  // of SUBSCRIBE and UNSUBSCRIBE; the library takes no less
constexpr std::chrono::milliseconds kMarkerTimeout{3000};
constexpr std::size_t kInFlightMax = 500;
// Less than what the sockets of both sides buffer: a broker that has stopped reading blocks nobody.
constexpr std::size_t kUnacknowledgedBytesMax = 32 * 1024;
constexpr std::size_t kRetainedTopicsMax = 100000;
constexpr std::size_t kHeardMax = 16;

Error not_connected() {
  return make_error(ErrorCode::kUnavailable, "the alert connection is down; it is tried again");
}

}  // namespace

struct MqttPublisher::Impl {
  Impl(BrokerSettings s, const std::string& gateway, const Role& role)
      : settings(std::move(s)),
        client_id(settings.client_id + "-" + role.suffix),
        tells_status(role.tells_status),
        will_topic("sluice/" + gateway + "/status"),
        marker_topic("sluice/" + gateway + "/marker") {}
  ~Impl() {
    close();
    if (client != nullptr) MQTTClient_destroy(&client);
  }

  Status create();
  Status connect(std::chrono::milliseconds timeout);
  Status publish(const std::string& topic, const std::string& payload, int qos, bool retained);
  Result<std::vector<std::string>> collect_retained(const std::string& prefix);
  void close();
  void forget_connection();

  // Paho's callbacks. Those about deliveries run under the library's mutex: they only note what happened.
  static int on_message(void* context, char* topic, int topic_size, MQTTClient_message* message);
  static void on_delivered(void* context, MQTTClient_deliveryToken token);
  static void on_lost(void* context, char* cause);

  const BrokerSettings settings;
  const std::string client_id;
  const bool tells_status;
  const std::string will_topic;
  const std::string marker_topic;
  BrokerEndpoint endpoint;
  MQTTClient client = nullptr;
  std::uint64_t markers = 0;

  std::mutex mutex;
  std::condition_variable changed;
  std::map<int, std::size_t> in_flight;  // packet id → bytes
  std::size_t in_flight_bytes = 0;
  std::set<int> early;  // acknowledged before publish() had told us the packet id
  bool lost = false;
  bool collecting = false;
  std::string marker;  // "" once it has come back
  std::vector<std::string> retained;
  std::string heard_topic;
  std::deque<std::string> heard;
};

int MqttPublisher::Impl::on_message(void* context, char* topic, int topic_size, MQTTClient_message* message) {
  auto* self = static_cast<Impl*>(context);
  std::string name = topic_size > 0 ? std::string(topic, static_cast<std::size_t>(topic_size)) : topic;
  std::string payload(static_cast<const char*>(message->payload),
                      static_cast<std::size_t>(message->payloadlen));
  {
    std::lock_guard lock(self->mutex);
    if (name == self->heard_topic) {
      // What is retained was said before we came.
      if (message->retained == 0 && self->heard.size() < kHeardMax) self->heard.push_back(std::move(payload));
    } else if (self->collecting && name == self->marker_topic) {
      if (payload == self->marker) self->marker.clear();
    } else if (self->collecting && message->retained != 0 && self->retained.size() < kRetainedTopicsMax) {
      self->retained.push_back(std::move(name));
    }
  }
  self->changed.notify_all();
  MQTTClient_freeMessage(&message);
  MQTTClient_free(topic);
  return 1;
}

void MqttPublisher::Impl::on_delivered(void* context, MQTTClient_deliveryToken token) {
  auto* self = static_cast<Impl*>(context);
  {
    std::lock_guard lock(self->mutex);
    auto found = self->in_flight.find(token);
    if (found == self->in_flight.end()) {
      self->early.insert(token);
    } else {
      self->in_flight_bytes -= found->second;
      self->in_flight.erase(found);
    }
  }
  self->changed.notify_all();
}

void MqttPublisher::Impl::on_lost(void* context, char*) {
  auto* self = static_cast<Impl*>(context);
  {
    std::lock_guard lock(self->mutex);
    self->lost = true;
  }
  self->changed.notify_all();
}

Status MqttPublisher::Impl::create() {
  Result<BrokerEndpoint> parsed = parse_broker_uri(settings.uri);
  if (!parsed) return parsed.error();
  endpoint = parsed.value();
  MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  int rc = MQTTClient_createWithOptions(&client, endpoint.paho_uri.c_str(), client_id.c_str(),
                                        MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
  if (rc == MQTTCLIENT_SUCCESS) rc = MQTTClient_setCallbacks(client, this, on_lost, on_message, on_delivered);
  if (rc == MQTTCLIENT_SUCCESS) rc = MQTTClient_setCommandTimeout(client, kCommandTimeoutMs);
  if (rc == MQTTCLIENT_SUCCESS) return {};
  if (client != nullptr) MQTTClient_destroy(&client);
  client = nullptr;
  return make_error(ErrorCode::kUnavailable, "cannot make the alert client: " + std::to_string(rc));
}

Status MqttPublisher::Impl::connect(std::chrono::milliseconds timeout) {
  if (client == nullptr) {
    if (Status made = create(); !made) return made;
  }
  std::string password;
  if (!settings.password_file.empty()) {
    Result<std::string> read = read_secret("mqtt.password_file", settings.password_file);
    if (!read) return read.error();
    password = read.value();
  }
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  will.topicName = will_topic.c_str();
  will.message = R"({"state":"offline"})";
  will.qos = 1;
  will.retained = 1;
  MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
  auto text_or_null = [](const std::string& text) { return text.empty() ? nullptr : text.c_str(); };
  tls.trustStore = text_or_null(settings.tls_ca_file);
  tls.keyStore = text_or_null(settings.tls_cert_file);
  tls.privateKey = text_or_null(settings.tls_key_file);
  tls.verify = 1;
  tls.enableServerCertAuth = 1;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  options.cleansession = 1;
  options.keepAliveInterval =
      static_cast<int>(std::min<std::chrono::seconds>(settings.keepalive, kKeepaliveMax).count());
  options.connectTimeout = static_cast<int>(std::max<std::int64_t>(1, (timeout.count() + 999) / 1000));
  options.reliable = 0;
  options.maxInflightMessages =
      static_cast<int>(2 * kInFlightMax);  // never reached: beyond it the library blocks
  if (tells_status) options.will = &will;
  options.username = text_or_null(settings.username);
  options.password = text_or_null(password);
  if (endpoint.tls) options.ssl = &tls;

  close();
  forget_connection();
  int rc = MQTTClient_connect(client, &options);
  if (rc == MQTTCLIENT_SUCCESS) return {};
  const TlsFiles files{settings.tls_ca_file, settings.tls_cert_file, settings.tls_key_file};
  const std::string why = rc > 0 ? refusal_text(rc) : why_unreachable(endpoint, files);
  return make_error(ErrorCode::kUnavailable, "cannot connect alerts to " + endpoint.name() + ": " + why);
}

void MqttPublisher::Impl::close() {
  if (client != nullptr && MQTTClient_isConnected(client) != 0) MQTTClient_disconnect(client, 0);
}

void MqttPublisher::Impl::forget_connection() {
  std::lock_guard lock(mutex);
  in_flight.clear();
  in_flight_bytes = 0;
  early.clear();
  lost = false;
}

Status MqttPublisher::Impl::publish(const std::string& topic, const std::string& payload, int qos,
                                    bool retained_flag) {
  {
    std::lock_guard lock(mutex);
    if (in_flight.size() >= kInFlightMax || in_flight_bytes >= kUnacknowledgedBytesMax) {
      return make_error(ErrorCode::kFull, "the broker has not acknowledged what was published before");
    }
  }
  MQTTClient_deliveryToken token = 0;
  int code = MQTTClient_publish(client, topic.c_str(), static_cast<int>(payload.size()), payload.data(), qos,
                                retained_flag ? 1 : 0, &token);
  if (code == MQTTCLIENT_BAD_UTF8_STRING || code == MQTTCLIENT_BAD_QOS) {
    return make_error(ErrorCode::kRefused, "\"" + topic + "\" is not a topic that can be published to");
  }
  if (code < 0) return not_connected();
  if (qos == 0) return {};
  std::lock_guard lock(mutex);
  if (early.erase(token) == 0) {
    in_flight[token] = topic.size() + payload.size();
    in_flight_bytes += topic.size() + payload.size();
  }
  return {};
}

// The broker sends what it retains when it grants the subscription; a message of our own, published after the
// grant, comes back behind it.
Result<std::vector<std::string>> MqttPublisher::Impl::collect_retained(const std::string& prefix) {
  const std::string filter = prefix + "/#";
  std::string own = client_id + " " + std::to_string(++markers);
  {
    std::lock_guard lock(mutex);
    collecting = true;
    retained.clear();
    marker = own;
  }
  char* filters[] = {const_cast<char*>(filter.c_str()), const_cast<char*>(marker_topic.c_str())};
  int qos[] = {1, 1};
  bool ok = MQTTClient_subscribeMany(client, 2, filters, qos) == MQTTCLIENT_SUCCESS &&
            qos[0] != MQTT_BAD_SUBSCRIBE && qos[1] != MQTT_BAD_SUBSCRIBE;
  Status sent = ok ? publish(marker_topic, own, 1, false) : Status();
  std::unique_lock lock(mutex);
  if (ok && sent) changed.wait_for(lock, kMarkerTimeout, [this] { return marker.empty() || lost; });
  bool back = ok && sent && marker.empty();
  collecting = false;
  std::vector<std::string> topics = std::exchange(retained, {});
  lock.unlock();
  MQTTClient_unsubscribeMany(client, 2, filters);
  if (!sent) return sent.error();
  if (back) return topics;
  return make_error(ErrorCode::kUnavailable, "cannot read back " + filter +
                                                 "; the broker's access list must let \"" + client_id +
                                                 "\" read and write it and " + marker_topic);
}

MqttPublisher::MqttPublisher(BrokerSettings settings, const std::string& gateway, const Role& role)
    : impl_(std::make_unique<Impl>(std::move(settings), gateway, role)) {}

MqttPublisher::~MqttPublisher() = default;

Status MqttPublisher::connect(std::chrono::milliseconds timeout) {
  return impl_->connect(timeout);
}

bool MqttPublisher::connected() const {
  return impl_->client != nullptr && MQTTClient_isConnected(impl_->client) != 0;
}

Status MqttPublisher::publish(const std::string& topic, const std::string& payload, int qos, bool retained) {
  if (!connected()) return not_connected();
  return impl_->publish(topic, payload, qos, retained);
}

Status MqttPublisher::wait_acknowledged(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(impl_->mutex);
  while (!impl_->in_flight.empty()) {
    // The library may know of a lost connection before its callback has told us: look now and then.
    auto step = std::min(deadline, std::chrono::steady_clock::now() + std::chrono::milliseconds(100));
    impl_->changed.wait_until(lock, step, [this] { return impl_->in_flight.empty(); });
    if (impl_->in_flight.empty()) break;
    lock.unlock();
    bool up = connected();
    if (!up || std::chrono::steady_clock::now() >= deadline) {
      disconnect();
      return up ? make_error(ErrorCode::kUnavailable,
                             "the broker does not acknowledge; the connection is made anew")
                : not_connected();
    }
    lock.lock();
  }
  return {};
}

Result<std::vector<std::string>> MqttPublisher::retained_below(const std::string& prefix) {
  if (!connected()) return not_connected();
  return impl_->collect_retained(prefix);
}

Status MqttPublisher::listen(const std::string& topic) {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->heard_topic = topic;
    impl_->heard.clear();
  }
  if (connected() && MQTTClient_subscribe(impl_->client, topic.c_str(), 1) == MQTTCLIENT_SUCCESS) return {};
  return make_error(ErrorCode::kUnavailable, "cannot subscribe to " + topic +
                                                 "; the broker's access list must let \"" + impl_->client_id +
                                                 "\" read it");
}

std::optional<std::string> MqttPublisher::take_heard() {
  std::lock_guard lock(impl_->mutex);
  if (impl_->heard.empty()) return std::nullopt;
  std::string payload = std::move(impl_->heard.front());
  impl_->heard.pop_front();
  return payload;
}

void MqttPublisher::disconnect() {
  impl_->close();
  impl_->forget_connection();
}

}  // namespace sluice
