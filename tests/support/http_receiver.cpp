#include "support/http_receiver.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "base/check.h"

namespace sluice::test {

namespace {

constexpr std::string_view kBadRequest = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
constexpr int kPatienceMs = 20000;  // only ever reached by a failing test

bool readable(int fd, int timeout_ms) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, timeout_ms) > 0;
}

SSL_CTX* make_context(const HttpReceiver::Tls& tls) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SLUICE_CHECK(SSL_CTX_use_certificate_chain_file(context, tls.crt.c_str()) == 1,
               "the receiver's certificate");
  SLUICE_CHECK(SSL_CTX_use_PrivateKey_file(context, tls.key.c_str(), SSL_FILETYPE_PEM) == 1, "its key");
  if (!tls.client_ca.empty()) {
    SLUICE_CHECK(SSL_CTX_load_verify_locations(context, tls.client_ca.c_str(), nullptr) == 1,
                 "its authority");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  if (tls.only_old) {
    SLUICE_CHECK(SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0") == 1, "old ciphers");
    SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
  }
  return context;
}

}  // namespace

class HttpReceiver::Peer {
 public:
  Peer(int fd, SSL_CTX* context) : fd_(fd) {
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    timeval patience{kPatienceMs / 1000, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (context == nullptr) return;
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd);
    good_ = SSL_accept(ssl_) == 1;
  }
  ~Peer() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    ::close(fd_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  bool good() const { return good_; }
  int fd() const { return fd_; }
  bool read_more(std::string& buffer) {
    char chunk[8192];
    const long got =
        ssl_ != nullptr ? SSL_read(ssl_, chunk, sizeof chunk) : ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer.append(chunk, static_cast<std::size_t>(got));
    return true;
  }
  bool write(const char* bytes, std::size_t size) {
    if (ssl_ != nullptr) return SSL_write(ssl_, bytes, static_cast<int>(size)) == static_cast<int>(size);
    return ::send(fd_, bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }
  void finish() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
  }
  void reset_at_close() const {
    linger at_once{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  }

 private:
  int fd_;
  SSL* ssl_ = nullptr;
  bool good_ = true;
};

HttpReceiver::HttpReceiver(Judge judge, const Tls& tls, int port) : judge_(std::move(judge)) {
  std::signal(SIGPIPE, SIG_IGN);  // as sluiced does: it writes to whom has gone
  if (!tls.crt.empty()) tls_ = make_context(tls);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  SLUICE_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "the receiver's port");
  SLUICE_CHECK(::listen(listener_, 64) == 0, "the receiver's port");
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

HttpReceiver::~HttpReceiver() {
  ended_ = true;
  ::shutdown(listener_, SHUT_RDWR);  // ends its accept()
  thread_.join();
  ::close(listener_);
  SSL_CTX_free(static_cast<SSL_CTX*>(tls_));
}

std::vector<ReceivedRequest> HttpReceiver::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void HttpReceiver::run() {
  while (!ended_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    Peer peer(fd, static_cast<SSL_CTX*>(tls_));
    if (peer.good()) serve(peer);
  }
}

void HttpReceiver::serve(Peer& peer) {
  std::string bytes;
  while (bytes.find("\r\n\r\n") == std::string::npos) {
    if (!peer.read_more(bytes)) return;
    if (std::isupper(static_cast<unsigned char>(bytes[0])) == 0) {  // no HTTP: somebody begins with TLS
      (void)peer.write(kBadRequest.data(), kBadRequest.size());
      return;
    }
  }
  ReceivedRequest request;
  const std::size_t head_size = bytes.find("\r\n\r\n") + 4;
  const std::string head = bytes.substr(0, head_size - 2);
  request.body = bytes.substr(head_size);
  const std::size_t blank = head.find(' ');
  request.method = head.substr(0, blank);
  request.target = head.substr(blank + 1, head.find(' ', blank + 1) - blank - 1);
  for (std::size_t at = head.find("\r\n") + 2; at < head.size(); at = head.find("\r\n", at) + 2) {
    const std::size_t colon = head.find(": ", at);
    std::string name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = head.substr(colon + 2, head.find("\r\n", colon) - colon - 2);
  }
  const Reply reply = judge_(request);
  const std::size_t length = std::strtoul(request.headers["content-length"].c_str(), nullptr, 10);
  if (reply.act != Reply::Act::kReset) {
    while (request.body.size() < length && peer.read_more(request.body)) continue;
    request.whole = request.body.size() == length;
  }
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  if (reply.act == Reply::Act::kReset || reply.act == Reply::Act::kResetUnheard) return peer.reset_at_close();
  if (reply.act == Reply::Act::kSilence) {
    (void)readable(peer.fd(), kPatienceMs);  // it leaves
    return;
  }
  std::string answer =
      "HTTP/1.1 " + std::to_string(reply.status) +
      " Reason\r\nConnection: close\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n";
  for (const std::string& line : reply.headers) answer += line + "\r\n";
  answer += "\r\n" + reply.body;
  const std::size_t step = reply.act == Reply::Act::kDrip ? 1 : answer.size();
  for (std::size_t at = 0; at < answer.size(); at += step) {
    if (!peer.write(answer.data() + at, step)) return;
    if (step == 1 && readable(peer.fd(), reply.drip_ms)) return;
  }
  peer.finish();
  std::string rest;
  while (peer.read_more(rest)) continue;  // until the client has read all and leaves
}

}  // namespace sluice::test
