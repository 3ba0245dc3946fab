// Listening sockets for the HTTP server: a unix socket that only its owner and group may use, and a TCP
// address. The caller owns what it gets.
#pragma once

#include <string>

#include "base/result.h"

namespace sluice {

struct ListenSocket {
  int fd = -1;
  bool loopback = false;  // reachable from this machine only
  int port = 0;           // TCP: the one in use, also when 0 was asked for
};

// A socket file that nobody listens on any more is replaced; one that is in use is an error. Mode 0660.
Result<ListenSocket> listen_unix(const std::string& path);
// "127.0.0.1:8787", "[::1]:8787", "localhost:8787", "0.0.0.0:8787".
Result<ListenSocket> listen_tcp(const std::string& address);

}  // namespace sluice
