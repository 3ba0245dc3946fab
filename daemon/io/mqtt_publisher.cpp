#include "io/mqtt_publisher.h"

#include <MQTTClient.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>

#include "io/broker_endpoint.h"

namespace sluice {

namespace {
constexpr int kConnectSeconds = 3;
constexpr std::chrono::seconds kAnswer{3};  // for an acknowledgement, and for retained messages
}  // namespace

struct MqttPublisher::Impl {
  BrokerSettings settings;
  std::string status_topic;
  std::string probe_topic;
  BrokerEndpoint endpoint;
  MQTTClient client = nullptr;

  // Shared with the library's receive thread.
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> acknowledged;  // bounded by what is sent and not finished
  bool up = false;
  bool collecting = false;
  bool probe_back = false;
  std::vector<std::pair<std::string, std::string>> collected;

  static void on_lost(void* context, char*) {
    auto* self = static_cast<Impl*>(context);
    std::lock_guard lock(self->mutex);
    self->up = false;
    self->changed.notify_all();
  }
  static void on_delivered(void* context, MQTTClient_deliveryToken token) {
    auto* self = static_cast<Impl*>(context);
    std::lock_guard lock(self->mutex);
    self->acknowledged.insert(token);
    self->changed.notify_all();
  }
  static int on_message(void* context, char* topic, int topic_length, MQTTClient_message* message) {
    auto* self = static_cast<Impl*>(context);
    const std::string name =
        topic_length > 0 ? std::string(topic, static_cast<std::size_t>(topic_length)) : topic;
    {
      std::lock_guard lock(self->mutex);
      if (name == self->probe_topic) {
        self->probe_back = true;
      } else if (self->collecting && message->retained && message->payloadlen > 0) {
        self->collected.emplace_back(name, std::string(static_cast<char*>(message->payload),
                                                       static_cast<std::size_t>(message->payloadlen)));
      }
      self->changed.notify_all();
    }
    MQTTClient_freeMessage(&message);
    MQTTClient_free(topic);
    return 1;
  }

  Status failed(const std::string& what, int code) const {
    return make_error(ErrorCode::kUnavailable, what + ": " + MQTTClient_strerror(code));
  }

  Status create() {
    auto parsed = parse_broker_uri(settings.uri);
    if (!parsed.ok()) return parsed.error();
    endpoint = *parsed;
    const std::string id = settings.client_id + "-alerts";
    int rc = MQTTClient_create(&client, endpoint.paho_uri.c_str(), id.c_str(), MQTTCLIENT_PERSISTENCE_NONE,
                               nullptr);
    if (rc != MQTTCLIENT_SUCCESS) return failed("cannot make an MQTT client", rc);
    rc = MQTTClient_setCallbacks(client, this, on_lost, on_message, on_delivered);
    if (rc != MQTTCLIENT_SUCCESS) return failed("cannot set up the MQTT client", rc);
    return {};
  }

  Status subscribe(const std::string& filter) {
    const int rc = MQTTClient_subscribe(client, filter.c_str(), 1);
    return rc == MQTTCLIENT_SUCCESS ? Status{} : failed("the broker refused the subscription " + filter, rc);
  }
};

MqttPublisher::MqttPublisher(BrokerSettings settings, const std::string& gateway)
    : impl_(std::make_unique<Impl>()) {
  impl_->settings = std::move(settings);
  impl_->status_topic = "sluice/" + gateway + "/status";
  impl_->probe_topic = "sluice/" + gateway + "/probe";
}

MqttPublisher::~MqttPublisher() {
  if (impl_->client == nullptr) return;
  (void)MQTTClient_disconnect(impl_->client, 500);
  MQTTClient_destroy(&impl_->client);
}

Status MqttPublisher::connect() {
  Impl& self = *impl_;
  if (self.client == nullptr) {
    if (Status made = self.create(); !made.ok()) return made;
  }
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  will.topicName = self.status_topic.c_str();
  will.message = R"({"state":"offline"})";
  will.retained = 1;
  will.qos = 1;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  options.keepAliveInterval = static_cast<int>(self.settings.keepalive.count());
  options.cleansession = 1;
  options.reliable = 0;
  options.maxInflightMessages = 1000;
  options.connectTimeout = kConnectSeconds;
  options.MQTTVersion = MQTTVERSION_3_1_1;
  options.will = &will;
  std::string password;
  if (!self.settings.username.empty()) options.username = self.settings.username.c_str();
  if (!self.settings.password_file.empty()) {
    auto read = read_password(self.settings.password_file);
    if (!read.ok()) return read.error();
    password = *read;
    options.password = password.c_str();
  }
  MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
  if (self.endpoint.tls) {
    if (!self.settings.tls_ca_file.empty()) tls.trustStore = self.settings.tls_ca_file.c_str();
    if (!self.settings.tls_cert_file.empty()) tls.keyStore = self.settings.tls_cert_file.c_str();
    if (!self.settings.tls_key_file.empty()) tls.privateKey = self.settings.tls_key_file.c_str();
    tls.enableServerCertAuth = 1;
    tls.verify = 1;
    options.ssl = &tls;
  }
  {
    std::lock_guard lock(self.mutex);
    self.acknowledged.clear();
    self.up = true;  // a loss may be reported before connect() returns
  }
  const int rc = MQTTClient_connect(self.client, &options);
  if (rc == MQTTCLIENT_SUCCESS) return {};
  std::lock_guard lock(self.mutex);
  self.up = false;
  return make_error(ErrorCode::kUnavailable,
                    "cannot connect to " + self.endpoint.name() + ": " +
                        (rc > 0 ? refusal_text(rc) : why_unreachable(self.endpoint)));
}

bool MqttPublisher::connected() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->up;
}

Result<int> MqttPublisher::send(const std::string& topic, const std::string& payload, bool retained) {
  MQTTClient_deliveryToken token = 0;
  const int rc = MQTTClient_publish(impl_->client, topic.c_str(), static_cast<int>(payload.size()),
                                    payload.data(), 1, retained ? 1 : 0, &token);
  if (rc != MQTTCLIENT_SUCCESS) return impl_->failed("cannot publish on " + topic, rc).error();
  return token;
}

Status MqttPublisher::finish(int number) {
  Impl& self = *impl_;
  std::unique_lock lock(self.mutex);
  self.changed.wait_for(lock, kAnswer, [&] { return self.acknowledged.contains(number) || !self.up; });
  if (self.acknowledged.erase(number) > 0) return {};
  return make_error(ErrorCode::kUnavailable,
                    self.up ? "the broker does not acknowledge" : "the connection was lost");
}

Result<std::vector<std::pair<std::string, std::string>>> MqttPublisher::retained_below(
    const std::string& prefix) {
  Impl& self = *impl_;
  {
    std::lock_guard lock(self.mutex);
    self.collected.clear();
    self.collecting = true;
    self.probe_back = false;
  }
  // Retained messages come with the subscription, so a message of our own sent after it comes after them.
  for (const std::string& filter : {self.probe_topic, prefix + "/#"}) {
    if (Status done = self.subscribe(filter); !done.ok()) return done.error();
  }
  if (Result<int> sent = send(self.probe_topic, "?", false); !sent.ok()) return sent.error();
  std::vector<std::pair<std::string, std::string>> found;
  {
    std::unique_lock lock(self.mutex);
    self.changed.wait_for(lock, kAnswer, [&] { return self.probe_back || !self.up; });
    self.collecting = false;
    if (!self.probe_back)
      return make_error(ErrorCode::kUnavailable, "the broker does not give our own messages back");
    found = std::move(self.collected);
  }
  for (const std::string& filter : {self.probe_topic, prefix + "/#"}) {
    (void)MQTTClient_unsubscribe(self.client, filter.c_str());
  }
  return found;
}

}  // namespace sluice
