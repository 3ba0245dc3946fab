#include "api/listen_socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace sluice {

namespace {

constexpr int kBacklog = 32;

Error system_error(const std::string& what) {
  return make_error(ErrorCode::kIo, what + ": " + std::strerror(errno));
}

bool somebody_listens(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool yes = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return yes;
}

bool is_loopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return (ntohl(v4->sin_addr.s_addr) >> 24) == 127;
  }
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
}

int bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                            : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
}

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> split(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  HostPort parts;
  if (colon != std::string::npos) {
    parts.host = address.substr(0, colon);
    parts.port = address.substr(colon + 1);
  }
  if (parts.host.size() > 2 && parts.host.front() == '[' && parts.host.back() == ']') {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  const bool number = !parts.port.empty() && parts.port.size() <= 5 &&
                      parts.port.find_first_not_of("0123456789") == std::string::npos &&
                      std::atoi(parts.port.c_str()) <= 65535;
  if (parts.host.empty() || !number) {
    return make_error(ErrorCode::kInvalid,
                      "api.listen: expected ADDRESS:PORT such as 127.0.0.1:8787, got \"" + address + "\"");
  }
  return parts;
}

}  // namespace

Result<std::unique_ptr<UnixSocket>> UnixSocket::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return make_error(ErrorCode::kInvalid, "the socket path " + path + " is longer than " +
                                               std::to_string(sizeof address.sun_path - 1) +
                                               " bytes; use a shorter gateway.runtime_dir");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  if (somebody_listens(address)) {
    return make_error(ErrorCode::kRefused,
                      path + " is in use; is another sluiced running with this runtime_dir?");
  }
  struct stat found {};
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) {
      return make_error(ErrorCode::kInvalid, path + " is there and is not a socket; move it away");
    }
    if (::unlink(path.c_str()) != 0) return system_error("removing the old socket " + path);
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error("making a socket for " + path);
  // Nobody can connect before listen(), so the mode is right before it matters.
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path.c_str(), 0660) != 0 || ::listen(fd, kBacklog) != 0) {
    Error error = system_error("listening on " + path);
    ::close(fd);
    return error;
  }
  return std::unique_ptr<UnixSocket>(new UnixSocket(path, fd));
}

UnixSocket::~UnixSocket() {
  ::close(fd_);
  ::unlink(path_.c_str());
}

Result<ListenSocket> UnixSocket::another() const {
  const int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
  if (fd < 0) return system_error("serving " + path_);
  return ListenSocket{fd, true, 0};
}

Result<ListenSocket> listen_tcp(const std::string& address) {
  Result<HostPort> parts = split(address);
  if (!parts) return parts.error();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (parts->host == "localhost" ? 0 : AI_NUMERICHOST);
  addrinfo* raw = nullptr;
  const int failed = ::getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &raw);
  if (failed != 0) {
    return make_error(ErrorCode::kInvalid, "api.listen: \"" + address +
                                               "\" is not an address of this kind: " +
                                               ::gai_strerror(failed) + "; use a numeric address");
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
  ListenSocket socket;
  socket.loopback = is_loopback(found->ai_addr);
  socket.fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket.fd < 0) return system_error("making a socket for " + address);
  const int on = 1;
  ::setsockopt(socket.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket.fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(socket.fd, kBacklog) != 0) {
    Error error = system_error("api.listen: listening on " + address);
    if (errno == EADDRINUSE) error.context += "; choose another port, or stop what uses it";
    ::close(socket.fd);
    return error;
  }
  socket.port = bound_port(socket.fd);
  return socket;
}

}  // namespace sluice
