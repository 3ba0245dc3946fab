// ServiceNotify: tells the service manager how we are (sd_notify(3)). Without a service manager every call
// does nothing. Main thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace sluice {

class ServiceNotify {
 public:
  void ready(const std::string& status) const;
  void reloading() const;  // ready() follows when the reload is done
  void stopping(const std::string& status) const;
  void status(const std::string& status) const;  // one line, shown by systemctl status
  void watchdog() const;                         // we make progress
  // How long the service manager waits for watchdog() before it restarts us; nothing if it does not watch.
  static std::optional<std::chrono::microseconds> watchdog_interval();
};

}  // namespace sluice
