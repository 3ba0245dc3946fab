// PosixProgramRunner: starts programs with posix_spawn(3), which is safe beside other threads, each in a
// process group of its own and with nothing of ours open but its standard input (a file in memory), output
// and error (one pipe). At its time limit the group gets SIGTERM, and SIGKILL two seconds later. Never a
// shell. One thread.
#pragma once

#include <atomic>

#include "alert/program_runner.h"

namespace sluice {

class PosixProgramRunner final : public ProgramRunner {
 public:
  static constexpr std::size_t kOutputBytesMax = 4096;

  // Once `stop` is true, programs get two seconds more and no longer, and no place is filled again; once
  // `hurry` is, none is begun and those that run are ended at once. Both (or null) outlive the runner.
  explicit PosixProgramRunner(const std::atomic<bool>* stop = nullptr,
                              const std::atomic<bool>* hurry = nullptr)
      : stop_(stop), hurry_(hurry) {}
  void run(const Work& work) override;

 private:
  const std::atomic<bool>* stop_;
  const std::atomic<bool>* hurry_;
};

}  // namespace sluice
