// PosixProgramRunner: starts programs with posix_spawn(3), which is safe beside other threads, each in a
// process group of its own and with nothing of ours open but its standard input (a file in memory), output
// and error (one pipe). At its time limit the group gets SIGTERM, and SIGKILL two seconds later. Never a
// shell. One thread.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "alert/program_runner.h"

namespace sluice {

class PosixProgramRunner final : public ProgramRunner {
 public:
  static constexpr std::size_t kOutputBytesMax = 4096;

  // Once `stop` (or null; outlives the runner) is true, programs get two seconds more and no longer.
  explicit PosixProgramRunner(const std::atomic<bool>* stop = nullptr) : stop_(stop) {}
  std::vector<Result<ProgramEnd>> run_all(const std::vector<ProgramRun>& runs) override;

 private:
  const std::atomic<bool>* stop_;
};

}  // namespace sluice
