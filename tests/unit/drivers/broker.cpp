#include "unit/drivers/broker.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sstream>

#include "base/check.h"

namespace sluice::drivers {

namespace {

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

Broker::~Broker() = default;

void Broker::start() {
  std::string config = folder_.write("mosquitto.conf", "listener " + std::to_string(port_) +
                                                           " 127.0.0.1\nallow_anonymous true\n"
                                                           "max_queued_messages 0\nlog_dest stderr\n");
  // Debian keeps the broker in sbin, which is not on everybody's path.
  process_ = std::make_unique<ChildProcess>(std::vector<std::string>{"/usr/sbin/mosquitto", "-c", config});
  SLUICE_CHECK(process_->wait_for_output(" running"), process_->output().c_str());
  // Nobody reads on; its few lines fit into the pipe.
}

void Broker::kill() {
  process_.reset();
}

std::string Broker::run(std::vector<std::string> arguments) {
  ChildProcess process(std::move(arguments));
  process.wait_for_end();
  return process.output();
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
