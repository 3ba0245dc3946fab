#include "support/test_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace sluice::test {

namespace {

enum PacketType {
  kConnack = 2,
  kPublish = 3,
  kPuback = 4,
  kPubrec = 5,
  kPubrel = 6,
  kPubcomp = 7,
  kSuback = 9
};

std::string number(std::uint16_t value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}
std::string text(const std::string& value) {
  return number(static_cast<std::uint16_t>(value.size())) + value;
}
std::uint16_t number_at(const std::string& body, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<std::uint8_t>(body.at(at)) << 8) |
                                    static_cast<std::uint8_t>(body.at(at + 1)));
}

}  // namespace

TestClient::TestClient(int port, const Options& options) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close();
    return;
  }
  std::uint8_t flags = options.clean_session ? 0x02 : 0;
  if (!options.username.empty()) flags |= 0x80;
  if (!options.password.empty()) flags |= 0x40;
  std::string body =
      text("MQTT") + (options.protocol == 5 ? '\x05' : '\x04') + static_cast<char>(flags) + number(0);
  if (options.protocol == 5) body += '\0';  // no properties
  body += text(options.client_id);
  if (!options.username.empty()) body += text(options.username);
  if (!options.password.empty()) body += text(options.password);
  send(0x10, body);
  Packet packet;
  if (!read_packet(packet, kLongEnough) || packet.head >> 4 != kConnack) {
    close();
    return;
  }
  session_present_ = packet.body.at(0) != 0;
  connack_code_ = static_cast<std::uint8_t>(packet.body.at(1));
  if (connack_code_ != 0) close();
}

TestClient::~TestClient() {
  close();
}

void TestClient::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void TestClient::disconnect() {
  if (fd_ >= 0) send(0xe0, "");
  close();
}

void TestClient::send(std::uint8_t head, const std::string& body) {
  std::string packet(1, static_cast<char>(head));
  std::size_t rest = body.size();
  do {
    std::uint8_t digit = rest % 128;
    rest /= 128;
    packet += static_cast<char>(rest > 0 ? digit | 0x80 : digit);
  } while (rest > 0);
  packet += body;
  std::size_t sent = 0;
  while (fd_ >= 0 && sent < packet.size()) {
    ssize_t n = ::send(fd_, packet.data() + sent, packet.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return close();
    sent += static_cast<std::size_t>(n);
  }
}

bool TestClient::read_bytes(char* to, std::size_t size, std::chrono::steady_clock::time_point deadline) {
  std::size_t have = 0;
  while (have < size) {
    auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{fd_, POLLIN, 0};
    if (fd_ < 0 || left.count() < 0 || ::poll(&waiting, 1, static_cast<int>(left.count()) + 1) != 1)
      return false;
    ssize_t n = ::recv(fd_, to + have, size - have, 0);
    if (n <= 0) {
      close();
      return false;
    }
    have += static_cast<std::size_t>(n);
  }
  return true;
}

// Packets are small and local: one that has begun is read to its end.
bool TestClient::read_packet(Packet& packet, std::chrono::milliseconds limit) {
  auto deadline = std::chrono::steady_clock::now() + limit;
  char head = 0;
  if (!read_bytes(&head, 1, deadline)) return false;
  deadline = std::chrono::steady_clock::now() + kLongEnough;
  packet.head = static_cast<std::uint8_t>(head);
  std::size_t size = 0;
  for (int shift = 0;; shift += 7) {
    char digit = 0;
    if (!read_bytes(&digit, 1, deadline)) return false;
    size |= static_cast<std::size_t>(digit & 0x7f) << shift;
    if ((digit & 0x80) == 0) break;
  }
  packet.body.resize(size);
  return read_bytes(packet.body.data(), size, deadline);
}

void TestClient::handle(const Packet& packet) {
  int type = packet.head >> 4;
  if (type == kPubrel) send(0x70, packet.body.substr(0, 2));
  if (type != kPublish) return;
  Message message;
  message.qos = (packet.head >> 1) & 3;
  message.retained = (packet.head & 1) != 0;
  std::size_t topic_size = number_at(packet.body, 0);
  message.topic = packet.body.substr(2, topic_size);
  std::size_t at = 2 + topic_size;
  if (message.qos > 0) {
    std::string id = packet.body.substr(at, 2);
    at += 2;
    send(message.qos == 1 ? 0x40 : 0x50, id);
  }
  message.payload = packet.body.substr(at);
  messages_.push_back(std::move(message));
}

bool TestClient::wait_for(int type, std::uint16_t packet_id, Packet& packet) {
  while (read_packet(packet, kLongEnough)) {
    if (packet.head >> 4 == type && number_at(packet.body, 0) == packet_id) return true;
    handle(packet);
  }
  return false;
}

int TestClient::subscribe(const std::string& filter, int qos) {
  std::uint16_t id = ++last_packet_id_;
  send(0x82, number(id) + text(filter) + static_cast<char>(qos));
  Packet packet;
  if (!wait_for(kSuback, id, packet)) return -1;
  return static_cast<std::uint8_t>(packet.body.at(2));
}

bool TestClient::publish(const std::string& topic, const std::string& payload, int qos, bool retained) {
  std::uint16_t id = ++last_packet_id_;
  if (id == 0) id = ++last_packet_id_;
  auto head = static_cast<std::uint8_t>(0x30 | (qos << 1) | (retained ? 1 : 0));
  send(head, text(topic) + (qos > 0 ? number(id) : "") + payload);
  Packet packet;
  if (qos == 1) return wait_for(kPuback, id, packet);
  if (qos == 2) {
    if (!wait_for(kPubrec, id, packet)) return false;
    send(0x62, number(id));
    return wait_for(kPubcomp, id, packet);
  }
  return fd_ >= 0;
}

bool TestClient::collect_until(const std::function<bool()>& enough, std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  Packet packet;
  while (!enough()) {
    auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0 || !read_packet(packet, left)) return enough();
    handle(packet);
  }
  return true;
}

bool TestClient::collect_all() {
  std::string topic = "test-client/" + std::to_string(fd_) + "/" + std::to_string(++sentinels_);
  if (subscribe(topic, 1) != 1 || !publish(topic, "back", 1)) return false;
  auto is_sentinel = [&](const Message& m) { return m.topic == topic; };
  bool back = collect_until([&] { return std::any_of(messages_.begin(), messages_.end(), is_sentinel); });
  messages_.erase(std::remove_if(messages_.begin(), messages_.end(), is_sentinel), messages_.end());
  return back;
}

}  // namespace sluice::test
