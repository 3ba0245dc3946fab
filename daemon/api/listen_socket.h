// Listening sockets for the HTTP server: a unix socket that only its owner and group may use, and a TCP
// address. The caller owns what it gets.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace sluice {

struct ListenSocket {
  int fd = -1;
  bool loopback = false;  // reachable from this machine only
  int port = 0;           // TCP: the one in use, also when 0 was asked for
};

// A unix socket and its file, which may outlive the servers on it: who connects while there is none waits
// for the next one. Destruction closes it and removes the file.
class UnixSocket {
 public:
  // A socket file that nobody listens on any more is replaced; one that is in use is an error. Mode 0660.
  static Result<std::unique_ptr<UnixSocket>> open(const std::string& path);
  ~UnixSocket();
  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;
  Result<ListenSocket> another() const;  // the same socket once more

 private:
  UnixSocket(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  const std::string path_;
  const int fd_;
};
// "127.0.0.1:8787", "[::1]:8787", "localhost:8787", "0.0.0.0:8787".
Result<ListenSocket> listen_tcp(const std::string& address);

}  // namespace sluice
