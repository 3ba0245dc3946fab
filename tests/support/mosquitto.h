// Mosquitto: a real broker on a free loopback port, with its data in a temporary folder. It can be stopped
// and started again on the same port with the same data, killed, and frozen.
#pragma once

#include <sys/types.h>

#include <string>

#include "support/temp_folder.h"

namespace sluice::test {

int free_port();  // of the loopback interface; free a moment ago

class Mosquitto {
 public:
  // `extra` is added to the configuration. `listener` is what stands below the listener line (TLS files …).
  // `anonymous`: whoever has no user name may connect.
  struct Options {
    std::string extra{};
    std::string listener{};
    bool anonymous = true;
  };
  Mosquitto() : Mosquitto(Options{}) {}
  explicit Mosquitto(Options options);
  ~Mosquitto();
  Mosquitto(const Mosquitto&) = delete;
  Mosquitto& operator=(const Mosquitto&) = delete;

  void start();   // returns when it accepts connections
  void stop();    // SIGTERM: it saves its sessions
  void kill();    // SIGKILL: it does not
  void freeze();  // SIGSTOP
  void thaw();    // SIGCONT
  void restart() {
    stop();
    start();
  }

  int port() const { return port_; }
  std::string uri() const { return "mqtt://127.0.0.1:" + std::to_string(port_); }
  std::string log() const { return read_file(folder_.file("log")); }
  pid_t pid() const { return pid_; }

 private:
  bool spawn();
  void end(int signal);
  Options options_;
  TempFolder folder_;
  int port_ = 0;
  pid_t pid_ = 0;
  bool frozen_ = false;
};

}  // namespace sluice::test
