#include "io/mqtt_publisher.h"

#include <MQTTClient.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "io/broker_endpoint.h"

namespace sluice {

namespace {

constexpr std::chrono::seconds kKeepaliveMax{10};
constexpr unsigned long kCommandTimeoutMs = 5000;  // of SUBSCRIBE and UNSUBSCRIBE; the library takes no less
constexpr std::chrono::milliseconds kMarkerTimeout{3000};
constexpr int kInFlightMax = 500;
// Less than what the sockets of both sides buffer: a broker that has stopped reading blocks nobody.
constexpr std::size_t kUnacknowledgedBytesMax = 32 * 1024;
constexpr std::size_t kRetainedTopicsMax = 100000;

Error not_connected() {
  return make_error(ErrorCode::kUnavailable, "the alert connection is down; it is tried again");
}

// Frees what a response owns when it goes out of scope.
struct Response {
  explicit Response(MQTTResponse r) : inner(r) {}
  ~Response() { MQTTResponse_free(inner); }
  Response(const Response&) = delete;
  Response& operator=(const Response&) = delete;
  int code() const { return inner.reasonCode; }
  MQTTResponse inner;
};

}  // namespace

struct MqttPublisher::Impl {
  Impl(BrokerSettings s, const std::string& gateway)
      : settings(std::move(s)),
        client_id(settings.client_id + "-alerts"),
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
  static void on_answered(void* context, int token, int packet_type, MQTTProperties* properties,
                          enum MQTTReasonCodes code);
  static void on_lost(void* context, char* cause);
  static int on_tls_error(const char* text, std::size_t size, void* context);

  const BrokerSettings settings;
  const std::string client_id;
  const std::string will_topic;
  const std::string marker_topic;
  BrokerEndpoint endpoint;
  MQTTClient client = nullptr;
  std::uint64_t markers = 0;
  int in_flight_max = kInFlightMax;

  std::mutex mutex;
  std::condition_variable changed;
  std::map<int, std::size_t> in_flight;  // packet id → bytes
  std::size_t in_flight_bytes = 0;
  std::set<int> early;  // acknowledged before publish() had told us the packet id
  int refused_code = 0;
  std::string tls_error;
  bool lost = false;
  bool collecting = false;
  std::string marker;  // "" once it has come back
  std::vector<std::string> retained;
};

int MqttPublisher::Impl::on_message(void* context, char* topic, int topic_size, MQTTClient_message* message) {
  auto* self = static_cast<Impl*>(context);
  std::string name = topic_size > 0 ? std::string(topic, static_cast<std::size_t>(topic_size)) : topic;
  std::string payload(static_cast<const char*>(message->payload),
                      static_cast<std::size_t>(message->payloadlen));
  {
    std::lock_guard lock(self->mutex);
    if (self->collecting && name == self->marker_topic) {
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

void MqttPublisher::Impl::on_answered(void* context, int, int, MQTTProperties*, enum MQTTReasonCodes code) {
  auto* self = static_cast<Impl*>(context);
  std::lock_guard lock(self->mutex);
  if (static_cast<int>(code) >= 0x80) self->refused_code = static_cast<int>(code);
}

void MqttPublisher::Impl::on_lost(void* context, char*) {
  auto* self = static_cast<Impl*>(context);
  {
    std::lock_guard lock(self->mutex);
    self->lost = true;
  }
  self->changed.notify_all();
}

int MqttPublisher::Impl::on_tls_error(const char* text, std::size_t size, void* context) {
  auto* self = static_cast<Impl*>(context);
  std::lock_guard lock(self->mutex);
  std::string line(text, size);
  while (!line.empty() && line.back() == '\n') line.pop_back();
  self->tls_error = line.substr(line.rfind(':') == std::string::npos ? 0 : line.rfind(':') + 1);
  return 1;
}

Status MqttPublisher::Impl::create() {
  Result<BrokerEndpoint> parsed = parse_broker_uri(settings.uri);
  if (!parsed) return parsed.error();
  endpoint = parsed.value();
  MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
  options.MQTTVersion = settings.protocol == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  int rc = MQTTClient_createWithOptions(&client, endpoint.paho_uri.c_str(), client_id.c_str(),
                                        MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
  if (rc == MQTTCLIENT_SUCCESS) rc = MQTTClient_setCallbacks(client, this, on_lost, on_message, on_delivered);
  if (rc == MQTTCLIENT_SUCCESS && settings.protocol == 5)
    rc = MQTTClient_setPublished(client, this, on_answered);
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
    Result<std::string> read = read_password(settings.password_file);
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
  tls.ssl_error_cb = on_tls_error;
  tls.ssl_error_context = this;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  if (settings.protocol == 5) options = MQTTClient_connectOptions_initializer5;
  options.MQTTVersion = settings.protocol == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  options.keepAliveInterval =
      static_cast<int>(std::min<std::chrono::seconds>(settings.keepalive, kKeepaliveMax).count());
  options.connectTimeout = static_cast<int>(std::max<std::int64_t>(1, (timeout.count() + 999) / 1000));
  options.reliable = 0;
  options.maxInflightMessages = 2 * kInFlightMax;  // never reached: beyond it the library blocks
  options.will = &will;
  options.username = text_or_null(settings.username);
  options.password = text_or_null(password);
  if (endpoint.tls) options.ssl = &tls;

  close();
  forget_connection();
  in_flight_max = kInFlightMax;
  int rc = 0;
  if (settings.protocol == 5) {
    options.cleanstart = 1;
    Response response(MQTTClient_connect5(client, &options, nullptr, nullptr));
    rc = response.code();
    // Beyond what the broker takes at a time the library would block as well.
    if (rc == MQTTCLIENT_SUCCESS && response.inner.properties != nullptr &&
        MQTTProperties_hasProperty(response.inner.properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM) != 0) {
      int takes = static_cast<int>(
          MQTTProperties_getNumericValue(response.inner.properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM));
      in_flight_max = std::clamp(takes, 1, kInFlightMax);
    }
  } else {
    options.cleansession = 1;
    rc = MQTTClient_connect(client, &options);
  }
  if (rc == MQTTCLIENT_SUCCESS) return {};
  std::string why = rc > 0 ? refusal_text(rc) : why_unreachable(endpoint);
  {
    std::lock_guard lock(mutex);
    if (rc <= 0 && !tls_error.empty()) why = "TLS:" + (tls_error[0] == ' ' ? "" : " " + tls_error);
  }
  return make_error(ErrorCode::kUnavailable, "cannot connect alerts to " + endpoint.name() + ": " + why);
}

void MqttPublisher::Impl::close() {
  if (client != nullptr && MQTTClient_isConnected(client) != 0)
    MQTTClient_disconnect5(client, 0, MQTTREASONCODE_SUCCESS, nullptr);
}

void MqttPublisher::Impl::forget_connection() {
  std::lock_guard lock(mutex);
  in_flight.clear();
  in_flight_bytes = 0;
  early.clear();
  refused_code = 0;
  lost = false;
  tls_error.clear();
}

Status MqttPublisher::Impl::publish(const std::string& topic, const std::string& payload, int qos,
                                    bool retained_flag) {
  {
    std::lock_guard lock(mutex);
    if (static_cast<int>(in_flight.size()) >= in_flight_max || in_flight_bytes >= kUnacknowledgedBytesMax) {
      return make_error(ErrorCode::kFull, "the broker has not acknowledged what was published before");
    }
  }
  MQTTClient_deliveryToken token = 0;
  int code = Response(MQTTClient_publish5(client, topic.c_str(), static_cast<int>(payload.size()),
                                          payload.data(), qos, retained_flag ? 1 : 0, nullptr, &token))
                 .code();
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
  Response granted(MQTTClient_subscribeMany5(client, 2, filters, qos, nullptr, nullptr));
  bool ok = granted.code() >= 0 && granted.code() < 0x80;
  if (granted.inner.reasonCodes != nullptr) {
    for (int i = 0; i < granted.inner.reasonCodeCount; ++i) ok = ok && granted.inner.reasonCodes[i] < 0x80;
  }
  Status sent = ok ? publish(marker_topic, own, 1, false) : Status();
  std::unique_lock lock(mutex);
  if (ok && sent) changed.wait_for(lock, kMarkerTimeout, [this] { return marker.empty() || lost; });
  bool back = ok && sent && marker.empty();
  collecting = false;
  std::vector<std::string> topics = std::exchange(retained, {});
  lock.unlock();
  Response unsubscribed(MQTTClient_unsubscribeMany5(client, 2, filters, nullptr));
  if (!sent) return sent.error();
  if (back) return topics;
  return make_error(ErrorCode::kUnavailable, "cannot read back " + filter +
                                                 "; the broker's access list must let \"" + client_id +
                                                 "\" read and write it and " + marker_topic);
}

MqttPublisher::MqttPublisher(BrokerSettings settings, const std::string& gateway)
    : impl_(std::make_unique<Impl>(std::move(settings), gateway)) {}

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
  if (int code = std::exchange(impl_->refused_code, 0); code != 0) {
    return make_error(ErrorCode::kUnavailable,
                      "the broker refuses what we publish below sluice/: " + refusal_text(code));
  }
  return {};
}

Result<std::vector<std::string>> MqttPublisher::retained_below(const std::string& prefix) {
  if (!connected()) return not_connected();
  return impl_->collect_retained(prefix);
}

void MqttPublisher::disconnect() {
  impl_->close();
  impl_->forget_connection();
}

}  // namespace sluice
