// MqttSocket: the measuring side's own MQTT 3.1.1 client over a plain socket. No threads, no timers and
// TCP_NODELAY, so that what is measured is the program under test and not the instrument. Ends the program
// with a message when the broker does not answer as expected. Used by one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

using SteadyTime = std::chrono::steady_clock::time_point;

[[noreturn]] void die(const std::string& why);

// --name value …; every name must be among `defaults`, which also give the values that were left out.
class Arguments {
 public:
  Arguments(int argc, char** argv, std::map<std::string, std::string> defaults);
  const std::string& text(const std::string& name) const;
  double number(const std::string& name) const;
  long count(const std::string& name) const { return static_cast<long>(number(name)); }

 private:
  std::map<std::string, std::string> values_;
};

struct Packet {
  bool publish = false;  // else an acknowledgement
  std::string topic;
  std::string payload;
};

class MqttSocket {
 public:
  MqttSocket(int port, const std::string& client_id);
  ~MqttSocket();
  MqttSocket(const MqttSocket&) = delete;
  MqttSocket& operator=(const MqttSocket&) = delete;

  void subscribe(const std::string& filter);                            // QoS 0; returns once granted
  void publish_qos1(std::string_view topic, std::string_view payload);  // into the buffer; flush() sends
  void flush();
  int fd() const { return fd_; }
  // The next packet that is here, without waiting.
  std::optional<Packet> next();
  std::uint64_t unacknowledged() const { return sent_ - acknowledged_; }

 private:
  void receive(bool wait);
  std::optional<Packet> take();
  std::uint8_t wait_for(std::uint8_t type);

  int fd_ = -1;
  std::string out_;
  std::string in_;
  std::size_t in_used_ = 0;
  std::uint16_t packet_id_ = 0;
  std::uint64_t sent_ = 0;
  std::uint64_t acknowledged_ = 0;
};

// Waits until one of the sockets can be read or `until` has come.
void wait_readable(const MqttSocket& first, const MqttSocket* second, SteadyTime until);

std::string reading_json(std::int64_t timestamp_ms, double temperature);
std::int64_t wall_ms();

}  // namespace bench
