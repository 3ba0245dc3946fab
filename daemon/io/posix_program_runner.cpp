#include "io/posix_program_runner.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <map>
#include <optional>
#include <utility>

namespace sluice {

namespace {

using SteadyTime = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

constexpr milliseconds kTermGrace{2000};  // from SIGTERM to SIGKILL
constexpr milliseconds kStopGrace{2000};
constexpr milliseconds kHurryGrace{250};
constexpr milliseconds kStopLook{250};
constexpr milliseconds kRoomLook{20};  // for another program, while there is room for it

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A file in memory: the program may read it or not, and we never wait for it.
Descriptor input_file(const std::string& input) {
  Descriptor file(::memfd_create("sluice-input", MFD_CLOEXEC));
  for (std::size_t done = 0; file.open() && done < input.size();) {
    const ssize_t wrote = ::write(file.get(), input.data() + done, input.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) file.close();
    if (wrote > 0) done += static_cast<std::size_t>(wrote);
  }
  if (file.open() && ::lseek(file.get(), 0, SEEK_SET) != 0) file.close();
  return file;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

// 0, or the errno of what failed.
int spawn(const ProgramRun& run, int input, int output, pid_t& pid) {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
  // Libraries open sockets without FD_CLOEXEC: a program that lives on would keep our connections open.
  posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);  // our threads block signals, and ignore SIGPIPE
  posix_spawnattr_setsigdefault(&attributes, &all);
  const std::vector<char*> argv = pointers(run.argv);
  const std::vector<char*> environment = pointers(run.environment);
  const int failed = ::posix_spawn(&pid, argv[0], &files, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  return failed;
}

Error cannot_start(const std::string& program, int number) {
  ErrorCode code = ErrorCode::kUnavailable;
  std::string advice = "; it is tried again";
  if (number == ENOENT || number == ENOTDIR) {
    code = ErrorCode::kNotFound;
    advice = "; check the path, and the interpreter in the first line of a script";
  } else if (number == EACCES || number == ENOEXEC || number == EISDIR) {
    code = ErrorCode::kRefused;
    advice = "; it has to be a program, or a script that begins with #!, that our user may execute";
  }
  return make_error(code, "cannot run " + program + ": " + std::strerror(number) + advice);
}

// One program from start to end. The process is not waited for before its group has been dealt with, so its
// id stays its own.
class Child {
 public:
  explicit Child(const ProgramRun& run) : program_(run.argv.at(0)) {
    Descriptor input = input_file(run.input);
    int ends[2] = {-1, -1};
    if (!input.open() || ::pipe2(ends, O_CLOEXEC) != 0) {
      fail(errno);
      return;
    }
    output_ = Descriptor(ends[0]);
    Descriptor write_end(ends[1]);
    ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    if (const int failed = spawn(run, input.get(), write_end.get(), pid_); failed != 0) {
      fail(failed);
      return;
    }
    due_ = std::chrono::steady_clock::now() + run.timeout;
    pidfd_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_.open()) {  // nothing could tell us of its end
      const int failed = errno;
      ::kill(-pid_, SIGKILL);
      reap();
      fail(failed);
    }
  }

  bool running() const { return !result_.has_value(); }
  SteadyTime due() const { return due_; }
  void shorten(SteadyTime to) {
    if (end_.timed_out || due_ <= to) return;
    due_ = to;
    end_.cut_off = true;
  }
  void hurry(SteadyTime now) {
    if (hurried_) return;
    hurried_ = true;
    shorten(now);
    if (end_.timed_out) due_ = std::min(due_, now + kHurryGrace);
  }
  void add_to(std::vector<pollfd>& fds) const {
    fds.push_back({pidfd_.get(), POLLIN, 0});
    fds.push_back({output_.get(), POLLIN, 0});  // poll() leaves out what is closed
  }
  void step(SteadyTime now) {
    read_output();
    if (ended()) {
      read_output();
      end_.cut_off = end_.cut_off && end_.timed_out;
      if (end_.timed_out) ::kill(-pid_, SIGKILL);  // what it started and left behind
      reap();
      result_ = end_;
    } else if (now >= due_) {
      ::kill(-pid_, end_.timed_out ? SIGKILL : SIGTERM);
      end_.timed_out = true;
      due_ = now + (hurried_ ? kHurryGrace : kTermGrace);
    }
  }
  Result<ProgramEnd> take() { return std::move(*result_); }

 private:
  void fail(int number) { result_ = Result<ProgramEnd>(cannot_start(program_, number)); }
  bool ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }
  void reap() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) end_.signal = WTERMSIG(status);
  }
  // A program that writes without end gets one block a turn: its time limit ends it.
  void read_output() {
    char block[4096];
    while (output_.open()) {
      const ssize_t got = ::read(output_.get(), block, sizeof block);
      if (got < 0 && errno == EINTR) continue;
      if (got == 0) output_.close();
      if (got <= 0) return;
      const std::size_t room = PosixProgramRunner::kOutputBytesMax - end_.output.size();
      end_.output.append(block, std::min(room, static_cast<std::size_t>(got)));
      if (static_cast<std::size_t>(got) == sizeof block) return;
    }
  }

  const std::string program_;
  pid_t pid_ = -1;
  Descriptor pidfd_;
  Descriptor output_;
  SteadyTime due_;
  bool hurried_ = false;
  ProgramEnd end_;
  std::optional<Result<ProgramEnd>> result_;
};

}  // namespace

void PosixProgramRunner::run(const Work& work) {
  const auto is_set = [](const std::atomic<bool>* flag) { return flag != nullptr && *flag; };
  std::map<std::size_t, Child> children;  // by their place in the order of next()
  std::size_t begun = 0;
  bool stop_seen = false;
  for (;;) {
    while (children.size() < work.at_once && !stop_seen && !is_set(hurry_)) {
      std::optional<ProgramRun> run = work.next();
      if (!run) break;
      children.try_emplace(begun++, *run);
    }
    if (children.empty()) return;
    std::vector<pollfd> fds;
    const SteadyTime now = std::chrono::steady_clock::now();
    const bool room = children.size() < work.at_once;
    SteadyTime next = now + (room ? kRoomLook : kStopLook);
    if (!stop_seen && is_set(stop_)) {
      stop_seen = true;
      for (auto& [i, child] : children) child.shorten(now + kStopGrace);
    }
    for (auto& [i, child] : children) {
      if (is_set(hurry_)) child.hurry(now);
      if (child.running()) child.add_to(fds);
      next = std::min(next, child.running() ? child.due() : now);
    }
    const auto wait = std::chrono::ceil<milliseconds>(next - now).count();
    (void)::poll(fds.data(), fds.size(), static_cast<int>(std::max<std::int64_t>(0, wait)));
    for (auto at = children.begin(); at != children.end();) {
      if (at->second.running()) at->second.step(std::chrono::steady_clock::now());
      if (at->second.running()) {
        ++at;
        continue;
      }
      work.done(at->first, at->second.take());
      at = children.erase(at);
    }
  }
}

}  // namespace sluice
