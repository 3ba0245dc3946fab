// TestClient: a plain MQTT 3.1.1 client on a blocking socket, without threads and without any library, so
// that it shares nothing with the code under test. It reads only while it waits for something.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/eventually.h"

namespace sluice::test {

class TestClient {
 public:
  struct Message {
    std::string topic;
    std::string payload;
    int qos = 0;
    bool retained = false;
  };
  struct Options {
    std::string client_id{};  // "" lets the broker choose; needs clean_session
    bool clean_session = true;
    std::string username{};
    std::string password{};
    int protocol = 3;  // 5: it can connect and disconnect, nothing else
  };
  explicit TestClient(int port) : TestClient(port, Options{}) {}
  TestClient(int port, const Options& options);
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool connected() const { return fd_ >= 0; }  // false when the broker refused or closed
  int connack_code() const { return connack_code_; }
  bool session_present() const { return session_present_; }
  int subscribe(const std::string& filter, int qos);  // the granted QoS, 0x80 refused
  // Returns when the broker has it: after PUBACK or PUBCOMP. False when it did not come.
  bool publish(const std::string& topic, const std::string& payload, int qos = 0, bool retained = false);
  // Everything that has arrived. Acknowledged as it is read.
  const std::vector<Message>& messages() const { return messages_; }
  // Reads until `enough` holds for messages(); false when it did not in time.
  bool collect_until(const std::function<bool()>& enough, std::chrono::milliseconds limit = kLongEnough);
  bool collect(std::size_t count, std::chrono::milliseconds limit = kLongEnough) {
    return collect_until([&] { return messages_.size() >= count; }, limit);
  }
  // Publishes to itself and reads until that comes back: what was routed to us before is in messages() then.
  bool collect_all();
  void disconnect();  // properly: the will is not sent

 private:
  struct Packet {
    std::uint8_t head = 0;
    std::string body;
  };
  void send(std::uint8_t head, const std::string& body);
  bool read_packet(Packet& packet, std::chrono::milliseconds limit);
  bool read_bytes(char* to, std::size_t size, std::chrono::steady_clock::time_point deadline);
  void handle(const Packet& packet);
  // Reads and handles packets until one of `type` for `packet_id` has come.
  bool wait_for(int type, std::uint16_t packet_id, Packet& packet);
  void close();
  int fd_ = -1;
  int connack_code_ = -1;
  bool session_present_ = false;
  std::uint16_t last_packet_id_ = 0;
  std::vector<Message> messages_;
  int sentinels_ = 0;
};

}  // namespace sluice::test
