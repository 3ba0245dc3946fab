// HttpServer: HTTP/1.1 on a unix socket and a TCP address, over libmicrohttpd without threads of its own: the
// api thread calls run_once() in a loop, and routes answer inside it. Limits: connections per listener, body
// bytes, header bytes, idle time. Any thread may wake().
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "api/listen_socket.h"
#include "api/router.h"
#include "base/result.h"

namespace sluice {

struct HttpLimits {
  unsigned connections_max = 32;
  std::size_t body_bytes_max = 64 * 1024;
  std::size_t header_bytes_max = 16 * 1024;
  std::chrono::seconds idle_max{30};
};

class HttpServer {
 public:
  // `router` outlives the server.
  HttpServer(const Router& router, HttpLimits limits);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Whoever may open the file (mode 0660) may ask anything. Removed on destruction.
  Status open_unix(const std::string& path);
  // The same, of a socket that goes on without this server.
  Status serve(const UnixSocket& socket);
  // With a token every request has to carry it; an address that others can reach is refused without one.
  Status open_tcp(const std::string& address, const std::string& token);
  int tcp_port() const;  // of the last open_tcp; 0: none

  // Waits for work, for at most `timeout`, and does what there is.
  void run_once(std::chrono::milliseconds timeout);
  void wake();  // makes a waiting run_once() return
  // Lets nobody in any more, and answers those who are in already for `patience` at most.
  void finish(std::chrono::milliseconds patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
