#include "unit/drivers/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

namespace sluice::drivers {

ChildProcess::ChildProcess(std::vector<std::string> arguments) {
  int ends[2];
  SLUICE_CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe");
  pipe_ = ends[0];
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int rc = posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
  SLUICE_CHECK(rc == 0, "the program cannot be started; cross/install-deps.sh installs what tests need");
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
}

ChildProcess::~ChildProcess() {
  if (pid_ > 0) {
    send_signal(SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(pipe_);
}

bool ChildProcess::read_some() {
  char buffer[4096];
  ssize_t got = read(pipe_, buffer, sizeof buffer);
  if (got > 0) output_.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

bool ChildProcess::wait_for_output(const std::string& text) {
  while (output_.find(text) == std::string::npos)
    if (!read_some()) return false;
  return true;
}

void ChildProcess::send_signal(int signal) {
  kill(pid_, signal);
}

int ChildProcess::wait_for_end() {
  while (read_some()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace sluice::drivers
