#include "base/standard_error.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

namespace sluice {

namespace {

// A pipe that poll(2) calls writable takes PIPE_BUF bytes without waiting; a file always does.
bool is_writable() {
  pollfd fd{STDERR_FILENO, POLLOUT, 0};
  return ::poll(&fd, 1, 0) == 1 && (fd.revents & POLLOUT) != 0;
}

}  // namespace

bool write_standard_error(std::string_view line) {
  char cut[PIPE_BUF];
  if (line.size() > sizeof cut) {
    std::memcpy(cut, line.data(), sizeof cut);
    cut[sizeof cut - 1] = '\n';
    line = {cut, sizeof cut};
  }
  ssize_t written = 0;
  do {
    written = ::send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno == ENOTSOCK) {
      if (!is_writable()) return false;
      written = ::write(STDERR_FILENO, line.data(), line.size());
    }
  } while (written < 0 && errno == EINTR);
  return written >= 0;
}

}  // namespace sluice
