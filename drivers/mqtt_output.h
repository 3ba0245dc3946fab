// The drivers' way out: publishes samples to the broker over MQTT 3.1.1 (whose brokers take a whole window of
// QoS 1 messages; on MQTT 5 mosquitto asks for at most 20). A window of messages is in flight; what is not
// acknowledged when the connection is lost is sent again, so a message can arrive twice and is never lost,
// save by the buffer's limits, which are counted. Owned by the program; every method on its one thread. The
// only file that knows Paho, whose threads only fill a small mailbox and call `wake`.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "drivers/driver.h"
#include "drivers/send_buffer.h"

namespace sluice::drivers {

struct MqttSettings {
  std::string broker = "mqtt://127.0.0.1:1883";  // mqtts:// for TLS
  std::string client_id = "sluice-drivers";
  std::string username;
  std::string password;
  std::string ca_file;  // empty: the system's
  std::string cert_file;
  std::string key_file;
  int qos = 1;
  int keepalive_s = 30;
  BufferLimits buffer;
};

class MqttOutput final : public Output {
 public:
  MqttOutput(MqttSettings settings, Log& log, std::function<void()> wake);  // wake: any thread
  ~MqttOutput() override;

  void push(Sample sample) override;
  bool has_room() const override { return buffer_.has_room(); }

  // Takes in what happened, connects if it is time to, sends what the window lets through. Returns when it
  // wants to be called again at the latest; `wake` may ask for it sooner.
  std::int64_t tick(Instant now);
  void disconnect(std::int64_t timeout_ms);  // tells the broker; call when done

  // Retained under sluice/drivers/<client id>/status, at once and after every connect; the broker puts
  // {"state":"offline"} there when the program is gone. Not a sample: kept beside the buffer.
  void set_status(std::string json);

  bool all_delivered() const { return buffer_.empty(); }
  bool connected() const { return state_ == State::kUp; }
  const SendBuffer& buffer() const { return buffer_; }
  std::uint64_t refused() const { return refused_; }  // topics that MQTT does not allow

 private:
  class Connection;
  enum class State { kDown, kConnecting, kUp };
  void take_events(Instant now);
  void go_down(Instant now, const std::string& reason);
  void connect(Instant now);
  void send(Instant now);
  void send_status(Instant now);
  void report_drops();

  MqttSettings settings_;
  Log& log_;
  std::function<void()> wake_;
  SendBuffer buffer_;
  std::unique_ptr<Connection> connection_;
  State state_ = State::kDown;
  std::int64_t connect_at_boot_ms_ = 0;
  std::int64_t backoff_ms_ = 0;
  std::string last_reason_;  // so that one outage is one line in the log
  std::uint64_t refused_ = 0;
  std::uint64_t reported_dropped_ = 0;
  bool dropping_ = false;
  std::string status_;
  bool status_sent_ = true;  // over this connection
};

}  // namespace sluice::drivers
