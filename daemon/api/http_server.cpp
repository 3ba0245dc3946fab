#include "api/http_server.h"

#include <microhttpd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "api/bearer_token.h"
#include "api/listen_socket.h"
#include "base/check.h"

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kTurn{10};  // of the last ones, at most

struct Listener {
  const Router* router = nullptr;
  HttpLimits limits;
  std::string token;  // empty: none wanted
  bool tcp = false;
  MHD_Daemon* daemon = nullptr;

  int left_fd = -1;  // of the socket that it does not listen on any more; the daemon still looks at it

  void let_in_no_more() {
    if (left_fd < 0) left_fd = MHD_quiesce_daemon(daemon);
  }
  unsigned callers() const {
    return MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
  }
};

// One request while it comes in.
struct Exchange {
  std::string body;
};

MHD_Result send(MHD_Connection* connection, const HttpResponse& answer) {
  MHD_Response* response = MHD_create_response_from_buffer(
      answer.body.size(), const_cast<char*>(answer.body.data()), MHD_RESPMEM_MUST_COPY);
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  for (const auto& [name, value] : answer.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  const MHD_Result queued =
      MHD_queue_response(connection, static_cast<unsigned int>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

std::string header(MHD_Connection* connection, const char* name) {
  const char* value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
  return value == nullptr ? "" : value;
}

// Refusals that need no body. Status 0: go on.
HttpResponse check_head(const Listener& listener, MHD_Connection* connection, const std::string& method) {
  if (!listener.token.empty() &&
      !token_accepted(header(connection, MHD_HTTP_HEADER_AUTHORIZATION), listener.token)) {
    HttpResponse refusal = http_error(401, "send the header Authorization: Bearer TOKEN (api.token_file)");
    refusal.headers["WWW-Authenticate"] = "Bearer";
    return refusal;
  }
  // A web page open in a browser on this machine must not be able to set anything off.
  if (listener.tcp && listener.token.empty() && method != "GET" &&
      !header(connection, MHD_HTTP_HEADER_ORIGIN).empty()) {
    return http_error(403, "requests from web pages may only read");
  }
  const std::string length = header(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
  if (!length.empty() && std::strtoull(length.c_str(), nullptr, 10) > listener.limits.body_bytes_max) {
    return http_error(
        413, "the body may have " + std::to_string(listener.limits.body_bytes_max) + " bytes at most");
  }
  HttpResponse go_on;
  go_on.status = 0;
  return go_on;
}

MHD_Result add_argument(void* user, MHD_ValueKind, const char* name, const char* value) {
  static_cast<HttpRequest*>(user)->query.emplace(name, value == nullptr ? "" : value);
  return MHD_YES;
}

MHD_Result on_request(void* user, MHD_Connection* connection, const char* path, const char* method,
                      const char*, const char* data, std::size_t* data_size, void** slot) {
  const Listener& listener = *static_cast<Listener*>(user);
  HttpRequest request;
  request.method = std::strcmp(method, MHD_HTTP_METHOD_HEAD) == 0 ? "GET" : method;
  if (*slot == nullptr) {
    *slot = new Exchange;
    const HttpResponse refusal = check_head(listener, connection, request.method);
    return refusal.status == 0 ? MHD_YES : send(connection, refusal);
  }
  auto& exchange = *static_cast<Exchange*>(*slot);
  if (*data_size > 0) {
    // Only a body that did not announce its length gets here; the connection is closed.
    if (exchange.body.size() + *data_size > listener.limits.body_bytes_max) return MHD_NO;
    exchange.body.append(data, *data_size);
    *data_size = 0;
    return MHD_YES;
  }
  request.path = path;
  request.body = std::move(exchange.body);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &add_argument, &request);
  return send(connection, listener.router->handle(std::move(request)));
}

void on_completed(void*, MHD_Connection*, void** slot, MHD_RequestTerminationCode) {
  delete static_cast<Exchange*>(*slot);
  *slot = nullptr;
}

}  // namespace

struct HttpServer::Impl {
  const Router& router;
  HttpLimits limits;
  int wake_fd = -1;
  int port = 0;
  std::vector<std::unique_ptr<UnixSocket>> sockets;
  std::vector<std::unique_ptr<Listener>> listeners;

  Status start(const ListenSocket& socket, bool tcp, std::string token) {
    auto listener = std::make_unique<Listener>();
    listener->router = &router;
    listener->limits = limits;
    listener->tcp = tcp;
    listener->token = std::move(token);
    // The daemon owns the socket from here on and closes it when it is stopped.
    listener->daemon =
        MHD_start_daemon(MHD_USE_EPOLL, 0, nullptr, nullptr, &on_request, listener.get(),  //
                         MHD_OPTION_LISTEN_SOCKET, socket.fd,                              //
                         MHD_OPTION_CONNECTION_LIMIT, limits.connections_max,              //
                         MHD_OPTION_CONNECTION_MEMORY_LIMIT, limits.header_bytes_max,      //
                         MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned int>(limits.idle_max.count()),
                         MHD_OPTION_NOTIFY_COMPLETED, &on_completed, nullptr,  //
                         MHD_OPTION_END);
    if (listener->daemon == nullptr) {
      ::close(socket.fd);
      return make_error(ErrorCode::kIo, "the HTTP server does not start; are there too many open files?");
    }
    listeners.push_back(std::move(listener));
    return {};
  }
};

HttpServer::HttpServer(const Router& router, HttpLimits limits)
    : impl_(new Impl{router, limits, -1, 0, {}, {}}) {
  impl_->wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  SLUICE_CHECK(impl_->wake_fd >= 0, "no eventfd for the HTTP server");
}

HttpServer::~HttpServer() {
  for (auto& listener : impl_->listeners) {
    listener->let_in_no_more();
    MHD_stop_daemon(listener->daemon);
    if (listener->left_fd >= 0) ::close(listener->left_fd);
  }
  ::close(impl_->wake_fd);
}

Status HttpServer::open_unix(const std::string& path) {
  Result<std::unique_ptr<UnixSocket>> socket = UnixSocket::open(path);
  if (!socket) return socket.error();
  impl_->sockets.push_back(std::move(*socket));
  return serve(*impl_->sockets.back());
}

Status HttpServer::serve(const UnixSocket& socket) {
  Result<ListenSocket> mine = socket.another();
  if (!mine) return mine.error();
  return impl_->start(*mine, false, "");
}

Status HttpServer::open_tcp(const std::string& address, const std::string& token) {
  Result<ListenSocket> socket = listen_tcp(address);
  if (!socket) return socket.error();
  if (!socket->loopback && token.empty()) {
    ::close(socket->fd);
    return make_error(ErrorCode::kInvalid, "api.listen: other machines can reach " + address +
                                               "; set api.token_file, or listen on 127.0.0.1");
  }
  impl_->port = socket->port;
  return impl_->start(*socket, true, token);
}

int HttpServer::tcp_port() const {
  return impl_->port;
}

void HttpServer::run_once(std::chrono::milliseconds timeout) {
  std::vector<pollfd> fds{{impl_->wake_fd, POLLIN, 0}};
  auto wait_ms = static_cast<unsigned long long>(std::max<std::int64_t>(timeout.count(), 0));
  for (const auto& listener : impl_->listeners) {
    fds.push_back({MHD_get_daemon_info(listener->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, POLLIN, 0});
    MHD_UNSIGNED_LONG_LONG due_ms = 0;
    if (MHD_get_timeout(listener->daemon, &due_ms) == MHD_YES) {
      wait_ms = std::min<unsigned long long>(wait_ms, due_ms);
    }
  }
  ::poll(fds.data(), fds.size(), static_cast<int>(std::min<unsigned long long>(wait_ms, 3600'000)));
  std::uint64_t wakes = 0;
  // Nothing to read is as good as something: the point is that the counter is zero afterwards.
  [[maybe_unused]] const ssize_t read = ::read(impl_->wake_fd, &wakes, sizeof wakes);
  for (const auto& listener : impl_->listeners) {
    MHD_run(listener->daemon);
    // At its limit of connections the daemon stops listening, and it listens again only at the start of a
    // run: when the first one closed a connection, waiting now would wait for a caller who cannot be seen.
    MHD_run(listener->daemon);
  }
}

void HttpServer::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(impl_->wake_fd, &one, sizeof one);
}

void HttpServer::finish(std::chrono::milliseconds patience) {
  for (const auto& listener : impl_->listeners) listener->let_in_no_more();
  const auto busy = [](const auto& listener) { return listener->callers() > 0; };
  for (auto left = patience; left.count() > 0; left -= kTurn) {
    if (std::none_of(impl_->listeners.begin(), impl_->listeners.end(), busy)) return;
    run_once(kTurn);
  }
}

}  // namespace sluice
