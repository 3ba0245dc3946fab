#include "drivers/mqtt_output.h"

#include <MQTTAsync.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "base/check.h"
#include "base/counted.h"
#include "base/time_text.h"

namespace sluice::drivers {

namespace {

constexpr std::int64_t kBackoffFirstMs = 500;
constexpr std::int64_t kBackoffMaxMs = 30'000;
constexpr int kConnectTimeoutS = 10;
constexpr int kBesideTheWindow = 2;  // a status and the one before it
constexpr char kPahoNoConnection[] = "TCP/TLS connect failure";
constexpr char kOffline[] = R"({"state":"offline"})";

// Below `sluice/`, which the gateway leaves alone.
std::string status_topic(const std::string& client_id) {
  return "sluice/drivers/" + client_id + "/status";
}

// For people; Paho does not tell why.
std::string reason_text(const std::string& reason, const std::string& broker) {
  if (reason != kPahoNoConnection) return reason;
  const bool tls = broker.starts_with("mqtts://");
  return std::string("connection refused or not answered; is a broker listening there") +
         (tls ? ", and do the certificates fit?" : "?");
}

// What Paho expects in front of host and port.
std::string paho_uri(const std::string& broker) {
  if (broker.starts_with("mqtts://")) return "ssl://" + broker.substr(8);
  if (broker.starts_with("mqtt://")) return "tcp://" + broker.substr(7);
  return broker;
}

bool topic_allowed(const std::string& topic) {
  return !topic.empty() && topic.size() <= 65535 &&
         topic.find_first_of(std::string_view("+#\0", 3)) == std::string::npos;
}

const char* or_null(const std::string& text) {
  return text.empty() ? nullptr : text.c_str();
}

}  // namespace

// One attempt to be connected, and all that Paho may still want to tell about it. A later attempt has its
// own, so a late answer cannot be taken for an answer to something newer.
class MqttOutput::Connection {
 public:
  struct Events {
    bool connected = false;
    bool ended = false;
    std::string reason;
    std::vector<std::uint64_t> acknowledged;
  };

  static Result<std::unique_ptr<Connection>> make(const MqttSettings& settings, std::function<void()> wake) {
    std::unique_ptr<Connection> connection(new Connection(settings.buffer.in_flight, std::move(wake)));
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.maxBufferedMessages =
        static_cast<int>(settings.buffer.in_flight) + kBesideTheWindow;  // the default refuses the 101st
    std::string uri = paho_uri(settings.broker);
    int rc = MQTTAsync_createWithOptions(&connection->client_, uri.c_str(), settings.client_id.c_str(),
                                         MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
    if (rc == MQTTASYNC_SUCCESS)
      rc = MQTTAsync_setCallbacks(connection->client_, connection.get(), on_lost, on_message, nullptr);
    if (rc != MQTTASYNC_SUCCESS)
      return make_error(ErrorCode::kInvalid, "the MQTT library does not accept '" + settings.broker + "' (" +
                                                 std::to_string(rc) + "); check mqtt.broker");
    return connection;
  }

  ~Connection() {
    if (client_) MQTTAsync_destroy(&client_);
  }

  Status connect(const MqttSettings& settings) {
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = or_null(settings.ca_file);
    tls.keyStore = or_null(settings.cert_file);
    tls.privateKey = or_null(settings.key_file);
    tls.enableServerCertAuth = 1;
    tls.verify = 1;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    options.MQTTVersion = MQTTVERSION_3_1_1;
    options.cleansession = 1;
    options.keepAliveInterval = settings.keepalive_s;
    options.connectTimeout = kConnectTimeoutS;
    options.maxInflight = static_cast<int>(settings.buffer.in_flight) + kBesideTheWindow;
    std::string will_topic = status_topic(settings.client_id);
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    will.topicName = will_topic.c_str();
    will.message = kOffline;
    will.retained = 1;
    will.qos = 1;
    options.will = &will;
    options.username = or_null(settings.username);
    options.password = or_null(settings.password);
    if (settings.broker.starts_with("mqtts://")) options.ssl = &tls;
    options.onSuccess = on_connected;
    options.onFailure = on_connect_failed;
    options.context = this;
    int rc = MQTTAsync_connect(client_, &options);
    if (rc == MQTTASYNC_SUCCESS) return {};
    return make_error(ErrorCode::kUnavailable, text_of(rc, nullptr));
  }

  Status send(std::uint64_t id, const Sample& sample, int qos) {
    Slot& slot = slots_[id % slots_.size()];
    slot = {this, id};
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.onSuccess = on_delivered;
    response.onFailure = on_delivery_failed;
    response.context = &slot;
    int rc = MQTTAsync_send(client_, sample.topic.c_str(), static_cast<int>(sample.payload.size()),
                            sample.payload.data(), qos, 0, &response);
    if (rc == MQTTASYNC_SUCCESS) return {};
    return make_error(rc == MQTTASYNC_BAD_UTF8_STRING ? ErrorCode::kInvalid : ErrorCode::kUnavailable,
                      text_of(rc, nullptr));
  }

  Status send_status(const std::string& topic, const std::string& json) {
    int rc =
        MQTTAsync_send(client_, topic.c_str(), static_cast<int>(json.size()), json.data(), 1, 1, nullptr);
    if (rc == MQTTASYNC_SUCCESS) return {};
    return make_error(ErrorCode::kUnavailable, text_of(rc, nullptr));
  }

  void disconnect(std::int64_t timeout_ms) {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
    options.timeout = static_cast<int>(timeout_ms);
    options.onSuccess = [](void* context, MQTTAsync_successData*) { of(context).end("disconnected"); };
    options.onFailure = [](void* context, MQTTAsync_failureData*) { of(context).end("disconnected"); };
    options.context = this;
    if (MQTTAsync_disconnect(client_, &options) != MQTTASYNC_SUCCESS) return;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] { return events_.ended; });
  }

  Events take_events() {
    std::lock_guard lock(mutex_);
    woken_ = false;
    Events taken = std::move(events_);
    events_ = Events{};
    return taken;
  }

 private:
  struct Slot {
    Connection* connection;
    std::uint64_t id;
  };

  Connection(std::size_t window, std::function<void()> wake) : wake_(std::move(wake)), slots_(window) {}

  static Connection& of(void* context) { return *static_cast<Connection*>(context); }
  static std::string text_of(int code, const char* message) {
    if (message && *message) return message;
    const char* known = MQTTAsync_strerror(code);
    return known ? known : "error " + std::to_string(code);
  }

  // Paho's threads, under Paho's lock.
  static void on_connected(void* context, MQTTAsync_successData*) {
    of(context).note([](Events& events) { events.connected = true; });
  }
  static void on_connect_failed(void* context, MQTTAsync_failureData* failure) {
    of(context).end(failure ? text_of(failure->code, failure->message) : "no answer");
  }
  static void on_lost(void* context, char* cause) { of(context).end(cause ? cause : "connection lost"); }
  static void on_delivered(void* context, MQTTAsync_successData*) {
    auto* slot = static_cast<Slot*>(context);
    slot->connection->note([slot](Events& events) { events.acknowledged.push_back(slot->id); });
  }
  static void on_delivery_failed(void* context, MQTTAsync_failureData* failure) {
    auto* slot = static_cast<Slot*>(context);
    slot->connection->end(failure ? text_of(failure->code, failure->message) : "delivery failed");
  }
  static int on_message(void*, char* topic, int, MQTTAsync_message* message) {
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
  }

  void end(std::string reason) {
    note([&reason](Events& events) {
      if (!events.ended) events.reason = std::move(reason);
      events.ended = true;
    });
  }
  template <class Change>
  void note(Change change) {
    bool wake = false;
    {
      std::lock_guard lock(mutex_);
      change(events_);
      wake = !woken_;
      woken_ = true;
    }
    changed_.notify_all();
    if (wake) wake_();
  }

  MQTTAsync client_ = nullptr;
  std::function<void()> wake_;
  std::vector<Slot> slots_;  // of a message in flight: id modulo the window
  std::mutex mutex_;
  std::condition_variable changed_;
  Events events_;
  bool woken_ = false;
};

MqttOutput::MqttOutput(MqttSettings settings, Log& log, std::function<void()> wake)
    : settings_(std::move(settings)), log_(log), wake_(std::move(wake)), buffer_(settings_.buffer) {}

MqttOutput::~MqttOutput() = default;

void MqttOutput::push(Sample sample) {
  if (topic_allowed(sample.topic)) {
    buffer_.push(std::move(sample));
  } else if (refused_++ == 0) {
    log_.warning("nothing can be published under the topic '{}'; such samples are left out", sample.topic);
  }
}

std::int64_t MqttOutput::tick(Instant now) {
  take_events(now);
  if (state_ == State::kDown && now.boot_ms >= connect_at_boot_ms_) connect(now);
  if (state_ == State::kUp && !status_sent_) send_status(now);
  if (state_ == State::kUp) send(now);
  report_drops();
  return state_ == State::kDown ? connect_at_boot_ms_ : now.boot_ms + 60'000;
}

void MqttOutput::take_events(Instant now) {
  if (!connection_) return;
  Connection::Events events = connection_->take_events();
  for (std::uint64_t id : events.acknowledged) buffer_.acknowledged(id);
  if (!events.acknowledged.empty()) {
    // Not as soon as connected: a broker that takes us in and throws us out deserves pauses too.
    backoff_ms_ = 0;
    last_reason_.clear();
  }
  if (events.connected && state_ == State::kConnecting) {
    state_ = State::kUp;
    status_sent_ = status_.empty();
    log_.info("connected to {}", settings_.broker);
  }
  if (events.ended && state_ != State::kDown) go_down(now, events.reason);
}

void MqttOutput::go_down(Instant now, const std::string& reason) {
  state_ = State::kDown;
  buffer_.connection_lost();
  backoff_ms_ = backoff_ms_ == 0 ? kBackoffFirstMs : std::min(backoff_ms_ * 2, kBackoffMaxMs);
  // Spread over a quarter, so that many programs do not come back at one moment.
  std::int64_t wait_ms = backoff_ms_ - (now.wall_ms % 1000) * backoff_ms_ / 4000;
  connect_at_boot_ms_ = now.boot_ms + wait_ms;
  if (reason != last_reason_)
    log_.warning("no connection to {}: {}; trying again, {} waiting", settings_.broker,
                 reason_text(reason, settings_.broker), counted(buffer_.size(), "sample"));
  last_reason_ = reason;
}

void MqttOutput::connect(Instant now) {
  Result<std::unique_ptr<Connection>> made = Connection::make(settings_, wake_);
  if (!made) return go_down(now, made.error().context);
  // The new one exists before the old one goes: Paho ends its threads, slowly, when the last client goes.
  connection_ = std::move(*made);
  state_ = State::kConnecting;
  if (Status begun = connection_->connect(settings_); !begun) go_down(now, begun.error().context);
}

void MqttOutput::send(Instant now) {
  while (std::optional<SendBuffer::Sending> next = buffer_.send_next()) {
    Status sent = connection_->send(next->id, *next->sample, settings_.qos);
    if (sent) continue;
    if (sent.error().code != ErrorCode::kInvalid) return go_down(now, sent.error().context);
    buffer_.acknowledged(next->id);
    if (refused_++ == 0) log_.warning("a topic that is no UTF-8 text is left out");
  }
}

void MqttOutput::set_status(std::string json) {
  status_ = std::move(json);
  status_sent_ = false;
}

void MqttOutput::send_status(Instant now) {
  Status sent = connection_->send_status(status_topic(settings_.client_id), status_);
  if (!sent) return go_down(now, sent.error().context);
  status_sent_ = true;
}

void MqttOutput::report_drops() {
  std::uint64_t dropped = buffer_.dropped();
  bool dropping = dropped > reported_dropped_;
  if (dropping && !dropping_) log_.warning("the buffer is full; the oldest samples are dropped");
  if (!buffer_.empty() && !buffer_.has_room()) {
    dropping_ = dropping_ || dropping;
    if (dropping_) return;
  }
  if (dropping_ || dropping)
    log_.warning("{} dropped in this outage", counted(dropped - reported_dropped_, "sample"));
  dropping_ = false;
  reported_dropped_ = dropped;
}

void MqttOutput::disconnect(std::int64_t timeout_ms) {
  if (connection_ && state_ == State::kUp) {
    // Who says goodbye leaves no will.
    (void)connection_->send_status(status_topic(settings_.client_id), kOffline);
    connection_->disconnect(timeout_ms);
  }
  connection_.reset();
  state_ = State::kDown;
}

}  // namespace sluice::drivers
