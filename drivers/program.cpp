#include "drivers/program.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/counted.h"
#include "drivers/status_text.h"

namespace sluice::drivers {

namespace {

constexpr std::int64_t kDrainOnSignalMs = 3000;
constexpr std::int64_t kDisconnectMs = 1000;

std::int64_t read_clock_ms(clockid_t id) {
  timespec at{};
  clock_gettime(id, &at);
  return at.tv_sec * 1000LL + at.tv_nsec / 1'000'000;
}

Instant read_clocks() {
  return {read_clock_ms(CLOCK_REALTIME), read_clock_ms(CLOCK_BOOTTIME)};
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// The two things besides time that end a wait.
class Waiter {
 public:
  Waiter() {
    sigset_t set = ending_signals();
    signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    SLUICE_CHECK(signals_ >= 0 && wake_ >= 0, "signalfd and eventfd");
  }
  ~Waiter() {
    close(signals_);
    close(wake_);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  void wake() {  // any thread
    std::uint64_t one = 1;
    [[maybe_unused]] ssize_t written = write(wake_, &one, sizeof one);  // full means: already awake
  }

  // True once a signal asked to end.
  bool wait(std::int64_t timeout_ms) {
    pollfd fds[] = {{signals_, POLLIN, 0}, {wake_, POLLIN, 0}};
    poll(fds, 2, static_cast<int>(std::clamp<std::int64_t>(timeout_ms, 0, 60'000)));
    std::uint64_t count = 0;
    [[maybe_unused]] ssize_t drained = read(wake_, &count, sizeof count);
    signalfd_siginfo info{};
    return read(signals_, &info, sizeof info) == sizeof info;
  }

 private:
  int signals_ = -1;
  int wake_ = -1;
};

// Gives what is on its way a last chance; a second signal ends that too.
void drain(MqttOutput& output, Waiter& waiter, Log& log) {
  Instant now = read_clocks();
  const std::int64_t end_ms = now.boot_ms + kDrainOnSignalMs;
  while (!output.all_delivered() && output.connected() && now.boot_ms < end_ms) {
    output.tick(now);
    if (waiter.wait(end_ms - now.boot_ms)) break;
    now = read_clocks();
  }
  if (!output.all_delivered()) log.warning("{} not delivered", counted(output.buffer().size(), "sample"));
}

}  // namespace

void block_signals() {
  sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int run_program(DriversConfig config, Log& log, Runner::OnFailure on_failure) {
  Waiter waiter;
  MqttOutput output(config.mqtt, log, [&waiter] { waiter.wake(); });
  Runner runner(std::move(config.drivers), output, log, on_failure);
  std::uint64_t told_changes = 0;
  while (true) {
    Instant now = read_clocks();
    std::int64_t next_ms = runner.run(now);
    if (runner.status_changes() != told_changes) output.set_status(status_text(runner.statuses()));
    told_changes = runner.status_changes();
    next_ms = std::min(next_ms, output.tick(now));
    if (runner.finished() && output.all_delivered()) break;
    if (runner.waits_for_room() && output.has_room()) next_ms = now.boot_ms;
    if (waiter.wait(next_ms - now.boot_ms)) {
      runner.close();
      drain(output, waiter, log);
      break;
    }
  }
  output.disconnect(kDisconnectMs);
  const SendBuffer& buffer = output.buffer();
  log.info("{} delivered, {} dropped, {} refused", counted(buffer.delivered(), "sample"), buffer.dropped(),
           output.refused());
  return runner.failed() > 0 || buffer.dropped() + output.refused() > 0 ? 1 : 0;
}

}  // namespace sluice::drivers
