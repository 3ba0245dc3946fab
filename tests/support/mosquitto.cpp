#include "support/mosquitto.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"
#include "support/eventually.h"

namespace sluice::test {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

bool accepts(int port) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(port);
  bool yes = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return yes;
}

const char* program() {
  return ::access("/usr/sbin/mosquitto", X_OK) == 0 ? "/usr/sbin/mosquitto" : "mosquitto";
}

}  // namespace

int free_port() {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  SLUICE_CHECK(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0, "no free port");
  SLUICE_CHECK(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0, "no port number");
  ::close(fd);
  return ntohs(address.sin_port);
}

Mosquitto::Mosquitto(Options options) : options_(std::move(options)) {
  start();
}

Mosquitto::~Mosquitto() {
  end(SIGKILL);
}

void Mosquitto::start() {
  SLUICE_CHECK(pid_ == 0, "the broker runs already");
  // Somebody else may take a port between our look and the broker's: then try another one, at first start.
  bool first = port_ == 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    if (first) port_ = free_port();
    if (spawn()) return;
  }
  SLUICE_CHECK(false, ("mosquitto does not start: " + log()).c_str());
}

bool Mosquitto::spawn() {
  std::string config = "listener " + std::to_string(port_) + " 127.0.0.1\n" + options_.listener +
                       "\nallow_anonymous " + (options_.anonymous ? "true" : "false") +
                       "\nuser root\nset_tcp_nodelay true\npersistence true\npersistence_location " +
                       folder_.path().string() + "/\nmax_queued_messages 0\nlog_dest stderr\nlog_type all\n" +
                       options_.extra + "\n";
  std::string config_file = folder_.write("mosquitto.conf", config);
  int log_fd = ::open(folder_.file("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int null_fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const char* name = program();
  pid_t parent = ::getpid();
  pid_ = ::fork();
  SLUICE_CHECK(pid_ >= 0, "cannot fork");
  if (pid_ == 0) {
    // A test that crashes must not leave its broker behind.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(null_fd, 0);
    ::dup2(null_fd, 1);
    ::dup2(log_fd, 2);
    ::execlp(name, name, "-c", config_file.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(log_fd);
  ::close(null_fd);
  bool ended = false;
  bool up = eventually([&] {
    ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
    return ended || accepts(port_);
  });
  if (ended) {
    pid_ = 0;
    return false;
  }
  // Another broker's port answers as well: ours must still be alive after it was said to accept.
  SLUICE_CHECK(up, ("mosquitto does not accept connections: " + log()).c_str());
  if (log().find("Address already in use") != std::string::npos) {
    end(SIGKILL);
    return false;
  }
  return true;
}

void Mosquitto::end(int signal) {
  if (pid_ == 0) return;
  if (frozen_) thaw();
  // A broker that has just begun to listen forgets a SIGTERM: it is sent until it works.
  (void)eventually([&] {
    ::kill(pid_, signal);
    return ::waitpid(pid_, nullptr, WNOHANG) == pid_;
  });
  pid_ = 0;
}

void Mosquitto::stop() {
  end(SIGTERM);
}

void Mosquitto::kill() {
  end(SIGKILL);
}

void Mosquitto::freeze() {
  ::kill(pid_, SIGSTOP);
  frozen_ = true;
}

void Mosquitto::thaw() {
  ::kill(pid_, SIGCONT);
  frozen_ = false;
}

}  // namespace sluice::test
