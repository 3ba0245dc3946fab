// ServiceNotify: tells the service manager how we are (sd_notify(3)). Without a service manager every call
// does nothing. Main thread.
#pragma once

#include <string>

namespace sluice {

class ServiceNotify {
 public:
  void ready(const std::string& status) const;
  void reloading() const;  // ready() follows when the reload is done
  void stopping(const std::string& status) const;
  void status(const std::string& status) const;  // one line, shown by systemctl status
  void watchdog() const;                         // we make progress
  // The same of a start or a reload, which may take as long as there is progress.
  void still_starting() const;
};

}  // namespace sluice
