#include "io/service_notify.h"

#include <systemd/sd-daemon.h>
#include <time.h>

#include <algorithm>
#include <chrono>

namespace sluice {

namespace {

constexpr std::chrono::microseconds kPatience = std::chrono::seconds(60);  // until the next sign of progress

// The protocol is line-based: a line break in a status would be read as another assignment.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

void send(const std::string& state) {
  // A service manager that cannot be told has nothing to do with our work: go on.
  (void)sd_notify(0, state.c_str());
}

}  // namespace

void ServiceNotify::ready(const std::string& status) const {
  send("READY=1\nSTATUS=" + one_line(status));
}

void ServiceNotify::reloading() const {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  std::int64_t us = static_cast<std::int64_t>(t.tv_sec) * 1000000 + t.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void ServiceNotify::stopping(const std::string& status) const {
  send("STOPPING=1\nSTATUS=" + one_line(status));
}

void ServiceNotify::status(const std::string& status) const {
  send("STATUS=" + one_line(status));
}

void ServiceNotify::watchdog() const {
  send("WATCHDOG=1");
}

void ServiceNotify::still_starting() const {
  send("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(kPatience.count()));
}

}  // namespace sluice
