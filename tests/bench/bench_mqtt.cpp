#include "bench_mqtt.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace bench {

namespace {

constexpr std::uint8_t kConnack = 2;
constexpr std::uint8_t kPublish = 3;
constexpr std::uint8_t kPuback = 4;
constexpr std::uint8_t kSuback = 9;

void put_text(std::string& to, std::string_view text) {
  to += static_cast<char>(text.size() >> 8);
  to += static_cast<char>(text.size() & 0xff);
  to += text;
}

void put_packet(std::string& to, std::uint8_t first, std::string_view body) {
  to += static_cast<char>(first);
  std::size_t size = body.size();
  do {
    auto byte = static_cast<std::uint8_t>(size & 0x7f);
    size >>= 7;
    to += static_cast<char>(size > 0 ? byte | 0x80 : byte);
  } while (size > 0);
  to += body;
}

}  // namespace

void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

Arguments::Arguments(int argc, char** argv, std::map<std::string, std::string> defaults)
    : values_(std::move(defaults)) {
  for (int i = 1; i < argc; i += 2) {
    std::string name = argv[i];
    if (!name.starts_with("--") || !values_.contains(name.substr(2)) || i + 1 == argc) {
      std::string known;
      for (const auto& [key, value] : values_) known += " [--" + key + " " + value + "]";
      die(std::string("usage: ") + argv[0] + known);
    }
    values_[name.substr(2)] = argv[i + 1];
  }
}

const std::string& Arguments::text(const std::string& name) const {
  return values_.at(name);
}

double Arguments::number(const std::string& name) const {
  return std::strtod(values_.at(name).c_str(), nullptr);
}

MqttSocket::MqttSocket(int port, const std::string& client_id) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    die("cannot connect to the broker at port " + std::to_string(port) + ": " + std::strerror(errno));
  }
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::string body;
  put_text(body, "MQTT");
  body += std::string("\x04\x02\x00\x00", 4);  // 3.1.1, clean session, no keep-alive
  put_text(body, client_id);
  put_packet(out_, 0x10, body);
  flush();
  if (wait_for(kConnack) != 0) die("the broker refuses the connection");
}

MqttSocket::~MqttSocket() {
  ::close(fd_);
}

void MqttSocket::subscribe(const std::string& filter) {
  std::string body("\x00\x01", 2);
  put_text(body, filter);
  body += '\0';
  put_packet(out_, 0x82, body);
  flush();
  if (wait_for(kSuback) >= 0x80) die("the broker refuses the subscription");
}

void MqttSocket::publish_qos1(std::string_view topic, std::string_view payload) {
  if (++packet_id_ == 0) packet_id_ = 1;
  std::string body;
  put_text(body, topic);
  body += static_cast<char>(packet_id_ >> 8);
  body += static_cast<char>(packet_id_ & 0xff);
  body += payload;
  put_packet(out_, 0x32, body);
  ++sent_;
}

void MqttSocket::flush() {
  std::size_t done = 0;
  while (done < out_.size()) {
    const ssize_t sent = ::send(fd_, out_.data() + done, out_.size() - done, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) die(std::string("cannot send to the broker: ") + std::strerror(errno));
    done += static_cast<std::size_t>(sent);
  }
  out_.clear();
}

void MqttSocket::receive(bool wait) {
  char buffer[16384];
  const ssize_t size = ::recv(fd_, buffer, sizeof buffer, wait ? 0 : MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) die("the broker closed the connection");
  in_.erase(0, in_used_);
  in_used_ = 0;
  in_.append(buffer, static_cast<std::size_t>(size));
}

// The next whole packet of what was received.
std::optional<Packet> MqttSocket::take() {
  std::size_t size = 0;
  std::size_t at = in_used_ + 1;
  for (int shift = 0;; shift += 7, ++at) {
    if (at >= in_.size()) return std::nullopt;
    const auto byte = static_cast<std::uint8_t>(in_[at]);
    size |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  ++at;
  if (in_.size() - at < size) return std::nullopt;
  const std::uint8_t type = static_cast<std::uint8_t>(in_[in_used_]) >> 4;
  std::string_view body(in_.data() + at, size);
  Packet packet;
  if (type == kPublish) {
    const std::size_t topic_size =
        static_cast<std::uint8_t>(body[0]) * 256u + static_cast<std::uint8_t>(body[1]);
    packet.publish = true;
    packet.topic = body.substr(2, topic_size);
    packet.payload = body.substr(2 + topic_size);
  } else {
    packet.payload = body;
    packet.topic = static_cast<char>(type);
    if (type == kPuback) ++acknowledged_;
  }
  in_used_ = at + size;
  return packet;
}

std::optional<Packet> MqttSocket::next() {
  std::optional<Packet> packet = take();
  if (packet) return packet;
  receive(false);
  return take();
}

// The last byte of the answer: its result code.
std::uint8_t MqttSocket::wait_for(std::uint8_t type) {
  for (;;) {
    std::optional<Packet> packet = take();
    if (!packet) {
      receive(true);
    } else if (!packet->publish && packet->topic[0] == static_cast<char>(type)) {
      return static_cast<std::uint8_t>(packet->payload.back());
    }
  }
}

void wait_readable(const MqttSocket& first, const MqttSocket* second, SteadyTime until) {
  const auto left =
      std::chrono::duration_cast<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now());
  if (left.count() <= 0) return;
  const timespec timeout{static_cast<time_t>(left.count() / 1000000000),
                         static_cast<long>(left.count() % 1000000000)};
  pollfd fds[2] = {{first.fd(), POLLIN, 0}, {second ? second->fd() : -1, POLLIN, 0}};
  ::ppoll(fds, 2, &timeout, nullptr);
}

std::string reading_json(std::int64_t timestamp_ms, double temperature) {
  char text[96];
  const int size = std::snprintf(text, sizeof text, R"({"timestamp":%lld,"temperature":%.3f})",
                                 static_cast<long long>(timestamp_ms), temperature);
  return std::string(text, static_cast<std::size_t>(size));
}

std::int64_t wall_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace bench
