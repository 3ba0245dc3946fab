// A program that a test starts: what it printed, and how it ended.
#pragma once

#include <string>
#include <vector>

namespace sluice::drivers {

class ChildProcess {
 public:
  explicit ChildProcess(std::vector<std::string> arguments);
  ~ChildProcess();  // kills it, if it has not ended
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // Reads its output (both streams) until `text` has come; false when it ended without.
  bool wait_for_output(const std::string& text);
  void send_signal(int signal);
  int wait_for_end();  // exit code; 128 + signal

  const std::string& output() const { return output_; }

 private:
  bool read_some();
  int pid_ = -1;
  int pipe_ = -1;
  std::string output_;
};

}  // namespace sluice::drivers
