#include "io/broker_endpoint.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "io/tls_probe.h"

namespace sluice {

namespace {

constexpr int kProbeTimeoutMs = 2000;

// errno of a TCP connection to one address; 0 when it was accepted.
int try_connect(const addrinfo& address) {
  int fd = ::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  int error = 0;
  if (::connect(fd, address.ai_addr, address.ai_addrlen) != 0) {
    error = errno;
    if (error == EINPROGRESS) {
      pollfd waiting{fd, POLLOUT, 0};
      socklen_t size = sizeof error;
      if (::poll(&waiting, 1, kProbeTimeoutMs) != 1) {
        error = ETIMEDOUT;
      } else if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) {
        error = errno;
      }
    }
  }
  ::close(fd);
  return error;
}

Error wrong_uri(const std::string& uri) {
  return make_error(ErrorCode::kInvalid, "\"" + uri +
                                             "\" is not a broker address; write mqtt://host[:port], or "
                                             "mqtts://host[:port] for TLS");
}

}  // namespace

std::string BrokerEndpoint::name() const {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
}

Result<BrokerEndpoint> parse_broker_uri(const std::string& uri) {
  BrokerEndpoint endpoint;
  std::string_view rest = uri;
  if (rest.starts_with("mqtt://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("mqtts://")) {
    rest.remove_prefix(8);
    endpoint.tls = true;
  } else {
    return wrong_uri(uri);
  }
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  if (rest.starts_with('[')) {  // an IPv6 address
    std::size_t end = rest.find(']');
    if (end == std::string_view::npos) return wrong_uri(uri);
    endpoint.host = rest.substr(1, end - 1);
    port = rest.substr(end + 1);
    if (!port.empty() && port.front() != ':') return wrong_uri(uri);
  } else {
    std::size_t colon = rest.find(':');
    endpoint.host = rest.substr(0, colon);
    if (colon != std::string_view::npos) port = rest.substr(colon);
  }
  endpoint.port = endpoint.tls ? 8883 : 1883;
  if (!port.empty()) {
    port.remove_prefix(1);
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size()) return wrong_uri(uri);
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("/@ ") != std::string::npos || endpoint.port < 1 ||
      endpoint.port > 65535) {
    return wrong_uri(uri);
  }
  endpoint.paho_uri = (endpoint.tls ? "ssl://" : "tcp://") + endpoint.name();
  return endpoint;
}

Status check_readable(const std::string& key, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return {};
  return make_error(ErrorCode::kNotFound, key + " " + path + " cannot be read: " + std::strerror(errno));
}

std::string refusal_text(int code) {
  switch (code) {
    case 1:
    case 0x84:
      return "the broker does not speak this MQTT version; set mqtt.protocol to 3 or 5";
    case 2:
    case 0x85:
      return "the broker does not accept our client id; check mqtt.client_id";
    case 3:
    case 0x88:
      return "the broker is not available yet";
    case 4:
    case 0x86:
      return "wrong user name or password; check mqtt.username and mqtt.password_file";
    case 5:
    case 0x87:
      return "not authorised; check mqtt.username, mqtt.password_file and the broker's access list";
    case 0x89:
      return "the broker is busy";
    case 0x8a:
      return "the broker has banned us";
    case 0x97:
      return "the broker's quota is used up";
    case 0x9f:
      return "the broker says that we connect too often";
    default:
      return "the broker refused with code " + std::to_string(code);
  }
}

std::string why_unreachable(const BrokerEndpoint& endpoint, const TlsFiles& files) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int rc = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (rc != 0) return std::string("the host name does not resolve: ") + ::gai_strerror(rc);
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = EHOSTUNREACH;
  for (const addrinfo* address = found; address != nullptr && error != 0; address = address->ai_next) {
    error = try_connect(*address);
  }
  if (error == ECONNREFUSED) return "connection refused; is a broker listening there?";
  if (error != 0) return std::strerror(error);
  if (endpoint.tls) {
    const std::string why = why_tls_fails(endpoint.name(), files);
    if (!why.empty()) return "TLS failed: " + why;
    return "TLS works, but it does not answer like an MQTT broker; is this its port for MQTT?";
  }
  return "it accepts connections but does not answer like an MQTT broker; is this its TLS port?";
}

}  // namespace sluice
