// The seam between intake and an MQTT client library (io/paho_broker_link is the real one). The link connects
// once per call, reports everything through BrokerEvents and never reconnects by itself.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice {

struct Subscription {
  std::string filter;
  int qos = 1;
};

struct BrokerSettings {
  std::string uri = "mqtt://127.0.0.1:1883";  // mqtt:// or mqtts://
  std::string client_id;
  int protocol = 5;            // 5, or 3 for MQTT 3.1.1
  bool clean_session = false;  // true: the broker keeps nothing of us, for tools that only listen
  std::chrono::seconds keepalive{30};
  std::chrono::seconds session_expiry{7 * 24 * 3600};
  std::chrono::milliseconds heartbeat{500};
  std::uint16_t receive_maximum = 100;
  std::uint32_t max_payload_bytes = 64 * 1024;
  std::string username;
  std::string password_file;
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;
};

struct ArrivedMessage {
  std::string_view topic;
  std::string_view payload;
  int qos = 0;
  bool retained = false;
  bool dup = false;
  std::uint16_t packet_id = 0;
};

// Called on the library's receive thread. on_message returning is the acknowledgement.
class BrokerEvents {
 public:
  virtual ~BrokerEvents() = default;
  virtual void on_connected(bool session_present) = 0;  // before any message of this connection
  virtual void on_connect_failed(const std::string& why) = 0;
  virtual void on_subscribed(const std::vector<int>& codes) = 0;  // one a filter; < 128: granted QoS
  virtual void on_unsubscribed() = 0;                             // from all that was asked for
  virtual void on_lost(const std::string& why) = 0;  // not after our own disconnect(); "taken over" if it was
  virtual void on_disconnected() = 0;                // our own disconnect() is complete
  virtual void on_message(const ArrivedMessage& message) = 0;
};

class BrokerLink {
 public:
  virtual ~BrokerLink() = default;
  virtual Status connect() = 0;  // starts; one of on_connected, on_connect_failed follows
  virtual Status subscribe(const std::vector<Subscription>& filters) = 0;   // starts; on_subscribed follows
  virtual Status unsubscribe(const std::vector<std::string>& filters) = 0;  // starts; on_unsubscribed follows
  virtual Status publish_qos1(const std::string& topic, const std::string& payload) = 0;  // does not wait
  virtual Status disconnect() = 0;  // starts; keeps the session
};

}  // namespace sluice
