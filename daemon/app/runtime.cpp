#include "app/runtime.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "app/condition_watch.h"
#include "app/wiring.h"
#include "io/service_notify.h"

namespace sluice {

namespace {

constexpr std::uint64_t kPendingReadingsMax = 200000;  // held in memory until the store takes them
constexpr std::int64_t kStoreStuckMs = 600000;  // waiting for a slow disk counts as progress for so long
constexpr std::chrono::milliseconds kStopPatience{2000};

// Signals and wake-ups as file descriptors, for the one poll of the main thread.
class MainWait {
 public:
  MainWait() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    // Blocked before any thread starts, so that all of them inherit it.
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal_fd_ = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    event_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    SLUICE_CHECK(signal_fd_ >= 0 && event_fd_ >= 0, "no file descriptors left");
  }
  ~MainWait() {
    ::close(signal_fd_);
    ::close(event_fd_);
  }
  MainWait(const MainWait&) = delete;
  MainWait& operator=(const MainWait&) = delete;

  void wake() {
    const std::uint64_t one = 1;
    (void)!::write(event_fd_, &one, sizeof one);
  }
  // The signal that came, or 0.
  int wait(std::chrono::milliseconds timeout) {
    pollfd fds[2] = {{signal_fd_, POLLIN, 0}, {event_fd_, POLLIN, 0}};
    (void)::poll(fds, 2, static_cast<int>(timeout.count()));
    std::uint64_t count = 0;
    (void)!::read(event_fd_, &count, sizeof count);
    signalfd_siginfo info{};
    return ::read(signal_fd_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }

 private:
  int signal_fd_;
  int event_fd_;
};

// Tells the service manager that engine and store make progress, not merely that the process is there.
class Watchdog {
 public:
  void look(const Vitals& vitals, Instant now, const ServiceNotify& notify) {
    const std::uint64_t engine = vitals.engine_progress;
    const std::uint64_t store = vitals.store_progress;
    if (store != store_) store_moved_ms_ = now.boot_ms;
    if (engine != engine_ && now.boot_ms - store_moved_ms_ < kStoreStuckMs) notify.watchdog();
    engine_ = engine;
    store_ = store;
  }

 private:
  std::uint64_t engine_ = 0;
  std::uint64_t store_ = 0;
  std::int64_t store_moved_ms_ = 0;
};

class MainLoop {
 public:
  MainLoop(Wiring& wiring, MainWait& wait) : w_(wiring), wait_(wait), conditions_(wiring.vitals) {}

  // False: ended by itself, to be started again.
  bool run() {
    notify_.ready("running");
    for (int signal = 0; signal != SIGINT && signal != SIGTERM;) {
      if (w_.vitals.database_damaged) return leave_database();
      signal = wait_.wait(step());
      if (signal == SIGHUP) w_.log.info("a changed configuration takes effect at the next start");
    }
    w_.log.info("stopping");
    notify_.stopping("storing what is left");
    return true;
  }

  // The session is left properly, so that the broker keeps what arrives from now on.
  void leave_session() {
    w_.session->stop();
    const std::int64_t until_ms = w_.clock.now().boot_ms + kStopPatience.count();
    for (Instant now = w_.clock.now(); !w_.session->stopped() && now.boot_ms < until_ms;
         now = w_.clock.now()) {
      (void)wait_.wait(std::min(w_.session->tick(now, 0), std::chrono::milliseconds(50)));
    }
  }

 private:
  bool leave_database() {
    const std::string mark = damage_mark(w_.settings.gateway.state_dir + "/sluice.db");
    const int fd = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd >= 0) ::close(fd);
    w_.log.error("ending, to go on with a new database when started again");
    return false;
  }

  std::chrono::milliseconds step() {
    const Instant now = w_.clock.now();
    const double ring =
        static_cast<double>(w_.journal->used_bytes()) / static_cast<double>(w_.journal->capacity_bytes());
    const double memory =
        static_cast<double>(w_.vitals.pending_readings) / static_cast<double>(kPendingReadingsMax);
    std::chrono::milliseconds next = w_.session->tick(now, std::max(ring, memory));
    const SessionStatus& status = w_.session->status();
    w_.vitals.session.set(status);
    if (status.state != told_) {
      told_ = status.state;
      notify_.status(status.detail.empty() ? "running" : status.detail);
    }
    trust_clock(now);
    conditions_.look(status, now);
    w_.vitals.conditions.carry(*w_.journal);
    watchdog_.look(w_.vitals, now, notify_);
    return std::clamp(next, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
  }

  void trust_clock(Instant now) {
    if (trusted_ || !w_.clock_trust->trusted(now, w_.clock.synchronised())) return;
    if (w_.journal->append({RecordKind::kClockTrusted, 0, 0, {}, {}}).ok()) trusted_ = true;
  }

  Wiring& w_;
  MainWait& wait_;
  ServiceNotify notify_;
  Watchdog watchdog_;
  ConditionWatch conditions_;
  IntakeState told_ = IntakeState::kDown;
  bool trusted_ = false;
};

// Every thread of the process but Paho's own is started and ended here.
class Threads {
 public:
  explicit Threads(Wiring& w) : w_(w) {
    store_ = std::thread([&w] { w.store_loop->run(); });
    engine_ = std::thread([&w] { w.engine_loop->run(); });
    for (WiredChannel& channel : w.channels) notifiers_.emplace_back([&loop = *channel.loop] { loop.run(); });
    days_ = std::thread([&w] { w.day_loop->run(); });
    api_ = std::thread([&w] {
      while (!w.vitals.stopping) w.http->run_once(std::chrono::milliseconds(1000));
    });
  }

  // Intake has stopped. In the order of the data flow: what is in a stage moves on before the next one ends.
  void stop() {
    w_.engine_loop->stop();
    engine_.join();
    w_.vitals.stopping = true;
    w_.day_loop->wake();
    w_.slots->wake_all();
    w_.http->wake();
    days_.join();
    api_.join();
    for (std::thread& notifier : notifiers_) notifier.join();
    w_.store_loop->stop();
    store_.join();
  }

 private:
  Wiring& w_;
  std::thread store_;
  std::thread engine_;
  std::vector<std::thread> notifiers_;
  std::thread days_;
  std::thread api_;
};

}  // namespace

int run_gateway(const Settings& settings) {
  // The journal's file descriptor tells that standard error ends in journald (systemd.exec(5)).
  const bool journald = std::getenv("JOURNAL_STREAM") != nullptr;
  Log log(settings.log_level, journald ? Log::Style::kJournald : Log::Style::kPlain);
  std::signal(SIGPIPE, SIG_IGN);
  // One heap for all threads: a heap of its own for each would keep its own peaks for ever (mallopt(3)).
  ::mallopt(M_ARENA_MAX, 1);
  MainWait wait;
  auto wiring = wire(settings, log, [&wait] { wait.wake(); });
  if (!wiring.ok()) {
    log.error("cannot start: {}", wiring.error().context);
    return 1;
  }
  Wiring& w = **wiring;
  log.info("gateway {} started: {} readings entries, {} rules", settings.gateway.id,
           settings.decode.readings.size(), settings.alerts.rules.size());
  Threads threads(w);
  MainLoop loop(w, wait);
  const bool asked = loop.run();
  loop.leave_session();
  threads.stop();
  Status closed = w.store->close_cleanly();
  if (!closed.ok()) log.error("the database was not closed: {}", closed.error().context);
  log.info("stopped");
  return asked ? 0 : 1;
}

}  // namespace sluice
