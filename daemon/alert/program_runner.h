// ProgramRunner: the seam to other programs that are run and waited for (io/posix_program_runner is the real
// one). One thread calls.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/side_by_side.h"

namespace sluice {

struct ProgramRun {
  std::vector<std::string> argv;         // argv[0]: the absolute path of the program
  std::vector<std::string> environment;  // NAME=value: all that it gets
  std::string input;                     // its standard input
  std::chrono::milliseconds timeout{10000};
};

struct ProgramEnd {
  int exit_code = -1;  // -1: it was ended by `signal`
  int signal = 0;
  bool timed_out = false;  // it, and all that it started in its process group, was ended by us
  bool cut_off = false;    // likewise, and before its time limit, because the gateway ends
  std::string output;      // the beginning of what it wrote to standard output and error
};

class ProgramRunner {
 public:
  virtual ~ProgramRunner() = default;
  using Work = SideBySide<ProgramRun, Result<ProgramEnd>>;
  // Until all have ended and there is no more. kNotFound, kRefused: it cannot be started; kUnavailable: the
  // system has no room for it now.
  virtual void run(const Work& work) = 0;
  // Result i is that of runs[i].
  std::vector<Result<ProgramEnd>> run_all(std::vector<ProgramRun> runs) {
    return all_side_by_side<ProgramRun, Result<ProgramEnd>>(std::move(runs),
                                                            [this](const Work& work) { run(work); });
  }
};

}  // namespace sluice
