// A mosquitto of the test's own on a free port of the loopback, and a subscriber to look at what arrived
// there.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "unit/drivers/child_process.h"
#include "unit/drivers/fake_output.h"

namespace sluice::drivers {

class Broker {
 public:
  Broker();
  ~Broker();
  void start();  // returns when it listens
  void kill();   // SIGKILL
  std::string url() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }

  void subscribe(const std::string& filter);    // a session that keeps what arrives from now on
  std::vector<std::string> receive(int count);  // the payloads, in order

 private:
  std::string run(std::vector<std::string> arguments);
  TemporaryFolder folder_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
  std::string filter_;
};

}  // namespace sluice::drivers
