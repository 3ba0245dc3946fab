// sim: runs seeds of the simulated world. Exit code 0: all promises were kept (with --expect-finding: that
// one was broken); 1: not.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "sim/world.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SIM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SIM_SANITIZED 1
#endif
#endif
#ifdef SIM_SANITIZED
#include <sanitizer/common_interface_defs.h>
#endif

namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
  std::uint64_t jobs = 1;
  bool trace = false;
  bool keep_going = false;
  std::string expected;  // a promise, as P1; empty: none is to be broken
  bool year = false;
};

constexpr char kUsage[] =
    "sim [--year] [--seeds A..B] [--jobs N] [--keep-going] [--expect-finding PROMISE]\n"
    "sim [--year] --seed N [--trace]\n";

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "";
    if (name == "--trace") {
      options.trace = true;
    } else if (name == "--year") {
      options.year = true;
    } else if (name == "--keep-going") {
      options.keep_going = true;
    } else if (name == "--expect-finding" && value[0] == 'P') {
      options.expected = value;
      ++i;
    } else if (name == "--seed") {
      options.first = options.last = std::strtoull(value, nullptr, 10);
      ++i;
    } else if (name == "--jobs") {
      options.jobs = std::max<std::uint64_t>(1, std::strtoull(value, nullptr, 10));
      ++i;
    } else if (name == "--seeds" && std::strstr(value, "..") != nullptr) {
      options.first = std::strtoull(value, nullptr, 10);
      options.last = std::strtoull(std::strstr(value, "..") + 2, nullptr, 10);
      ++i;
    } else {
      return false;
    }
  }
  return options.first > 0 && options.last >= options.first;
}

std::uint64_t running_seed = 0;
constexpr std::uint64_t kTellEvery = 500;
std::FILE* progress = nullptr;  // standard error, which the gateway's own log may not have
// Of real time: nothing in the world waits for that, so a seed that takes so long stands still.
constexpr unsigned kSeedSeconds = 300;
constexpr unsigned kYearSeconds = 1100;

// An exception that nobody caught, a crash, or a seed that does not end.
void tell_seed(int signal) {
  std::printf("seed %llu: %s (signal %d)\n  replay: sim --seed %llu --trace\n",
              static_cast<unsigned long long>(running_seed),
              signal == SIGALRM ? "does not come to its end" : "crashed", signal,
              static_cast<unsigned long long>(running_seed));
  std::fflush(stdout);
  ::_exit(1);
}

// Reports of a sanitizer are told with their seed, although standard error goes nowhere.
void keep_reports() {
#ifdef SIM_SANITIZED
  __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<std::intptr_t>(::dup(STDERR_FILENO))));
  __sanitizer_set_death_callback([] {
    std::printf("seed %llu: ended by a sanitizer\n", static_cast<unsigned long long>(running_seed));
    std::fflush(stdout);
  });
#endif
}

// True: as expected, all promises were kept, or the one that was to be broken was.
bool run_seed(std::uint64_t seed, const Options& options) {
  running_seed = seed;
  ::alarm(options.year ? kYearSeconds : kSeedSeconds);
  sluice::sim::World world(seed, options.trace);
  const std::vector<std::string> findings = options.year ? world.run_year() : world.run();
  ::alarm(0);
  if (findings.empty()) return options.expected.empty();
  std::string text = "seed " + std::to_string(seed) + ", step " + std::to_string(world.steps()) + " (" +
                     world.plan_text() + ")\n";
  for (const std::string& finding : findings) text += "  " + finding + "\n";
  text += std::string("  replay: sim ") + (options.year ? "--year " : "") + "--seed " + std::to_string(seed) +
          " --trace\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return std::any_of(findings.begin(), findings.end(), [&](const std::string& finding) {
    return !options.expected.empty() && finding.starts_with(options.expected + ":");
  });
}

// One job: every jobs-th seed. Returns whether all were well; where a finding is expected, whether one was
// made.
bool run_job(const Options& options, std::uint64_t job) {
  const bool expects = !options.expected.empty();
  bool well = !expects;
  for (std::uint64_t seed = options.first + job; seed <= options.last; seed += options.jobs) {
    const bool as_expected = run_seed(seed, options);
    if (seed % kTellEvery < options.jobs && options.last > kTellEvery)
      std::fprintf(progress, "  seed %llu of %llu\n", static_cast<unsigned long long>(seed),
                   static_cast<unsigned long long>(options.last));
    if (expects && as_expected) return true;
    if (expects || as_expected) continue;
    well = false;
    if (!options.keep_going) break;
  }
  return well;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  progress = ::fdopen(::dup(STDERR_FILENO), "w");
  if (progress == nullptr) progress = stdout;
  std::setvbuf(progress, nullptr, _IONBF, 0);
  // What a gateway logs in a bad world is of interest in a trace only.
  if (!options.trace) {
    keep_reports();
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGALRM}) std::signal(signal, tell_seed);
  // One thread, and nobody asks how much memory it takes.
  ::sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
  ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  bool well = true;
  if (options.jobs == 1) {
    well = run_job(options, 0);
  } else {
    for (std::uint64_t job = 0; job < options.jobs; ++job) {
      if (::fork() == 0) ::_exit(run_job(options, job) ? 0 : 1);
    }
    int status = 0;
    while (::wait(&status) > 0) well = well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  if (well && options.expected.empty())
    std::printf("seeds %llu to %llu: all promises kept\n", static_cast<unsigned long long>(options.first),
                static_cast<unsigned long long>(options.last));
  return well ? 0 : 1;
}
