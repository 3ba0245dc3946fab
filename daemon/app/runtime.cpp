#include "app/runtime.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "app/condition_watch.h"
#include "app/lives.h"
#include "app/reload.h"
#include "app/sink_trial.h"
#include "app/watchdog.h"
#include "app/wiring.h"
#include "base/counted.h"
#include "intake/posix_journal_file.h"
#include "io/service_notify.h"

namespace sluice {

namespace {

constexpr std::uint64_t kPendingReadingsMax = 200000;  // held in memory until the store takes them
constexpr std::chrono::milliseconds kStopPatience{2000};
constexpr std::chrono::milliseconds kLastAnswers{250};  // of the API, before a reload or the end

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

class MainLoop {
 public:
  enum class End { kStop, kReload, kNewDatabase };

  MainLoop(Wiring& wiring, MainWait& wait, Reload& reload)
      : w_(wiring), wait_(wait), reload_(reload), watchdog_(wiring.clock.now()), conditions_(wiring.vitals) {}

  void run(std::unique_ptr<Settings>& next) {
    notify_.ready("running");
    for (;;) {
      if (w_.vitals.database_damaged) return leave_database();
      const int signal = wait_.wait(step());
      if (signal == SIGINT || signal == SIGTERM) return stop();
      if (signal == SIGHUP && !reload_.ask().ok()) {
        // The service manager waits for the end of a reload, also of one that came to nothing.
        notify_.reloading();
        notify_.ready("the configuration file is wrong; the old one stays in force");
      }
      if ((next = reload_.take())) {
        w_.log.info("reloading the configuration");
        notify_.reloading();
        end_ = End::kReload;
        return;
      }
    }
  }
  End end() const { return end_; }

  // The session is left properly, so that the broker keeps what arrives from now on.
  void leave_session() {
    w_.session->stop();
    const std::int64_t until_ms = w_.clock.now().boot_ms + kStopPatience.count();
    for (Instant now = w_.clock.now(); !w_.session->stopped() && now.boot_ms < until_ms;
         now = w_.clock.now()) {
      heed(std::min(w_.session->tick(now, 0), std::chrono::milliseconds(50)));
    }
  }

  // What somebody asks for while this life ends decides about the next one.
  void heed(std::chrono::milliseconds timeout) {
    const int signal = wait_.wait(timeout);
    if (end_ == End::kStop || signal == 0) return;
    if (signal == SIGHUP) {
      (void)reload_.ask();  // which says what is wrong
    } else {
      stop();
    }
  }

 private:
  void stop() {
    w_.log.info("stopping");
    notify_.stopping("storing what is left");
    end_ = End::kStop;
  }

  void leave_database() {
    const std::string mark = damage_mark(w_.settings.gateway.state_dir + "/sluice.db");
    const int fd = ::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd >= 0) ::close(fd);
    w_.log.error("the database is damaged; going on with a new one");
    end_ = End::kNewDatabase;
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
    guard(now);
    return std::clamp(next, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
  }

  void guard(Instant now) {
    const std::string before = watchdog_.stuck();
    if (watchdog_.makes_progress(w_.vitals.engine_progress, w_.vitals.store_progress, now))
      notify_.watchdog();
    const std::string stuck = watchdog_.stuck();
    if (stuck == before) return;
    w_.vitals.stuck.set(stuck);
    if (!stuck.empty()) w_.log.error("{}; the service manager will restart us", stuck);
  }

  void trust_clock(Instant now) {
    if (trusted_ || !w_.clock_trust->trusted(now, w_.clock.synchronised())) return;
    if (w_.journal->append({RecordKind::kClockTrusted, 0, 0, {}, {}}).ok()) trusted_ = true;
  }

  Wiring& w_;
  MainWait& wait_;
  Reload& reload_;
  ServiceNotify notify_;
  Watchdog watchdog_;
  ConditionWatch conditions_;
  IntakeState told_ = IntakeState::kDown;
  bool trusted_ = false;
  End end_ = End::kStop;
};

// Of the thread that calls it: summing a day waits for everybody else, for the processor and for the disk
// (ioprio_set(2); the lowest level, not class idle, which a busy disk could starve), also where the process
// was started with a real-time policy. Where the system refuses, it goes on as it is.
void yield_to_others() {
  constexpr int kNicer = 10;  // than the rest of the process
  constexpr int kOneThread = 1;
  constexpr int kLowestBestEffort = 2 << 13 | 7;
  const long thread = ::syscall(SYS_gettid);
  const sched_param no_priority{};
  (void)::sched_setscheduler(0, SCHED_BATCH, &no_priority);
  const int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(thread));
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), nice + kNicer);
  (void)::syscall(SYS_ioprio_set, kOneThread, 0, kLowestBestEffort);
}

// As `top -H` and a debugger show it.
void name_this_thread(const std::string& what) {
  constexpr std::size_t kNameBytesMax = 15;  // of the kernel
  (void)::pthread_setname_np(::pthread_self(), ("sluice-" + what).substr(0, kNameBytesMax).c_str());
}

// Every thread of the process but Paho's own is started and ended here.
class Threads {
 public:
  explicit Threads(Wiring& w) : w_(w) {
    store_ = std::thread([&w] {
      name_this_thread("store");
      w.store_loop->run();
    });
    engine_ = std::thread([&w] {
      name_this_thread("engine");
      w.engine_loop->run();
    });
    for (WiredChannel& channel : w.channels) {
      notifiers_.emplace_back([&channel] {
        name_this_thread(channel.name);
        channel.loop->run();
      });
    }
    days_ = std::thread([&w] {
      name_this_thread("days");
      yield_to_others();
      for (const Problem& fault : try_file_sinks(w.settings, SinkTrial::kByTheDaemon)) {
        w.log.warning("{}: {}", fault.key, fault.message);
      }
      w.day_loop->run();
    });
    api_ = std::thread([this, &w] {
      name_this_thread("api");
      while (!api_ends_) w.http->run_once(std::chrono::milliseconds(1000));
      w.http->finish(kLastAnswers);
    });
  }

  // Intake has stopped. Nobody may ask what is half gone; then in the order of the data flow: what is in a
  // stage moves on before the next one ends. For a reload, which nobody shall notice, channels that hang are
  // not waited for.
  void stop(bool for_reload) {
    w_.vitals.reloading = for_reload;
    api_ends_ = true;
    w_.http->wake();
    api_.join();
    w_.vitals.leaving = true;
    w_.engine_loop->stop();
    engine_.join();
    w_.vitals.stopping = true;
    w_.day_view->interrupt();
    w_.day_loop->wake();
    w_.slots->wake_all();
    days_.join();
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
  std::atomic<bool> api_ends_{false};
  std::thread api_;
};

// What could not be stored is in the journal; that of the runtime directory is memory.
void keep_over_reboot(Wiring& w) {
  Status kept = copy_ring_file(*w.journal, w.settings.gateway.state_dir);
  if (kept.ok()) {
    w.log.warning("{} bytes of the journal could not be stored and wait in {} for the next start",
                  w.journal->used_bytes(), w.settings.gateway.state_dir);
  } else {
    w.log.error(
        "what could not be stored is only in {}, which a reboot empties: {}; make room in {}, start "
        "and stop again before it",
        w.settings.gateway.runtime_dir, kept.error().context, w.settings.gateway.state_dir);
  }
}

// Empty: the newest configuration is the one in force, and what was said of an earlier one is over.
void note_refused(Wiring& w, const std::string& refused) {
  constexpr const char* kAlert = "reload-failed";
  if (!refused.empty()) return w.vitals.conditions.happened(kAlert, refused);
  for (const AlertEvent& event : w.engine->standing()) {
    if (event.alert == kAlert && event.sensor == kGatewaySensorName) w.vitals.conditions.is_over(kAlert);
  }
}

// What goes on from one configuration to the next.
struct Kept {
  Instant started;
  std::uint64_t lives = 0;                 // begun
  std::unique_ptr<UnixSocket> api_socket;  // null: not opened yet
};

// One life between two configurations. An error: it could not begin.
Result<MainLoop::End> live(const std::string& config, const Settings& settings, Log& log, MainWait& wait,
                           Kept& kept, const std::string& refused, std::unique_ptr<Settings>& next) {
  Reload reload(config, settings, ++kept.lives, log, [&wait] { wait.wake(); });
  const ServiceNotify notify;
  auto wiring = wire(
      settings, log, reload, kept.api_socket, [&wait] { wait.wake(); }, [&] { notify.still_starting(); });
  if (!wiring.ok()) return wiring.error();
  Wiring& w = **wiring;
  w.vitals.process_started = kept.started;
  ::malloc_trim(0);  // what it took to begin, and the life before
  note_refused(w, refused);
  log.info("gateway {} started: {}, {}", settings.gateway.id,
           counted(settings.decode.readings.size(), "readings entry"),
           counted(settings.alerts.rules.size(), "rule"));
  for (const Problem& warning : settings.warnings) log.warning("{}", line_of(config, warning));
  Threads threads(w);
  MainLoop loop(w, wait, reload);
  loop.run(next);
  loop.leave_session();
  // Nothing is acknowledged any more that the engine would not read.
  w.link.reset();
  threads.stop(loop.end() != MainLoop::End::kStop);
  // Nobody else can ask for anything now.
  loop.heed(std::chrono::milliseconds(0));
  if (std::unique_ptr<Settings> newest = reload.take()) next = std::move(newest);
  const MainLoop::End end = loop.end();
  // Only what is in the database may call it closed.
  if (w.vitals.database_damaged) return end;
  if (end == MainLoop::End::kStop && w.store_loop->gave_up()) keep_over_reboot(w);
  keep_broker_session(w);
  // Not sound until the check has said so.
  if (w.vitals.check_database) return end;
  Status closed = w.store->close_cleanly();
  if (!closed.ok()) log.error("the database was not closed: {}", closed.error().context);
  return end;
}

}  // namespace

int run_gateway(const std::string& config, const Settings& settings) {
  // The journal's file descriptor tells that standard error ends in journald (systemd.exec(5)).
  const bool journald = std::getenv("JOURNAL_STREAM") != nullptr;
  SystemClock clock;
  Log log(settings.log_level, journald ? Log::Style::kJournald : Log::Style::kPlain, &clock);
  std::signal(SIGPIPE, SIG_IGN);
  // One heap for all threads: a heap of its own for each would keep its own peaks for ever (mallopt(3)).
  ::mallopt(M_ARENA_MAX, 1);
  MainWait wait;
  Kept kept;
  kept.started = clock.now();
  Lives lives(settings);
  std::string refused;  // why the newest configuration is not in force
  for (;;) {
    log.set_level(lives.in_force().log_level);
    std::unique_ptr<Settings> next;
    Result<MainLoop::End> end = live(config, lives.in_force(), log, wait, kept, refused, next);
    refused.clear();
    if (end.ok() && *end == MainLoop::End::kStop) break;
    if (end.ok()) {
      lives.ended(std::move(next));
      continue;
    }
    if (!lives.go_back()) {
      log.error("cannot start: {}", end.error().context);
      return 1;
    }
    log.error("the new configuration cannot be used, the old one is again in force: {}", end.error().context);
    refused = end.error().context;
  }
  log.info("stopped");
  return 0;
}

}  // namespace sluice
