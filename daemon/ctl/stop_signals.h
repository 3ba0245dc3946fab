// StopSignals: while it lives, ^C and SIGTERM do not end the process but can be asked for, so that a command
// that listens can say what it has heard. Make it before any thread starts: threads inherit it.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

namespace sluice {

class StopSignals {
 public:
  StopSignals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
    fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  ~StopSignals() {
    ::close(fd_);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  bool came() {
    signalfd_siginfo info{};
    came_ = came_ || ::read(fd_, &info, sizeof info) == static_cast<ssize_t>(sizeof info);
    return came_;
  }

 private:
  sigset_t before_{};
  int fd_ = -1;
  bool came_ = false;
};

}  // namespace sluice
