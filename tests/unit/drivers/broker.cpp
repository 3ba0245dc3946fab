#include "unit/drivers/broker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "base/check.h"

namespace sluice::drivers {

namespace {

struct Started {
  pid_t pid;
  int output;  // the read end of its standard output and error
};

Started spawn(std::vector<std::string> arguments) {
  int ends[2];
  SLUICE_CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  Started started{-1, ends[0]};
  // Debian keeps the broker in sbin, which is not on everybody's path.
  std::string program = arguments[0] == "mosquitto" ? "/usr/sbin/mosquitto" : arguments[0];
  int rc = posix_spawnp(&started.pid, program.c_str(), &actions, nullptr, argv.data(), environ);
  SLUICE_CHECK(rc == 0, "mosquitto and mosquitto-clients are needed");
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  return started;
}

int free_port() {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  SLUICE_CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  close(fd);
  return ntohs(address.sin_port);
}

}  // namespace

Broker::Broker() : port_(free_port()) {}

Broker::~Broker() {
  kill();
}

void Broker::start() {
  std::string config = folder_.write("mosquitto.conf", "listener " + std::to_string(port_) +
                                                           " 127.0.0.1\nallow_anonymous true\n"
                                                           "max_queued_messages 0\nlog_dest stderr\n");
  Started started = spawn({"mosquitto", "-c", config});
  pid_ = started.pid;
  std::string seen;
  char c = 0;
  while (seen.find(" running") == std::string::npos && read(started.output, &c, 1) == 1) seen += c;
  SLUICE_CHECK(seen.find(" running") != std::string::npos, seen.c_str());
  // The read end stays open, so that the broker can go on writing; its few lines fit into the pipe.
}

void Broker::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string Broker::run(std::vector<std::string> arguments) {
  Started started = spawn(std::move(arguments));
  std::string output;
  char buffer[4096];
  for (ssize_t got = 0; (got = read(started.output, buffer, sizeof buffer)) > 0;)
    output.append(buffer, static_cast<std::size_t>(got));
  close(started.output);
  waitpid(started.pid, nullptr, 0);
  return output;
}

void Broker::subscribe(const std::string& filter) {
  filter_ = filter;
  run({"mosquitto_sub", "-p", std::to_string(port_), "-i", "looker", "-c", "-q", "1", "-t", filter, "-E"});
}

std::vector<std::string> Broker::receive(int count) {
  std::istringstream output(run({"mosquitto_sub", "-p", std::to_string(port_), "-i", "looker", "-c", "-q",
                                 "1", "-t", filter_, "-C", std::to_string(count), "-W", "60"}));
  std::vector<std::string> payloads;
  for (std::string line; std::getline(output, line);) payloads.push_back(line);
  return payloads;
}

}  // namespace sluice::drivers
