// sim: runs seeds of the simulated world. Exit code 0: all promises were kept (with --expect-finding: one was
// broken); 1: not.
#include <fcntl.h>
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

namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 100;
  std::uint64_t jobs = 1;
  bool trace = false;
  bool keep_going = false;
  bool expect_finding = false;
  bool year = false;
};

constexpr char kUsage[] =
    "sim [--year] [--seeds A..B] [--jobs N] [--keep-going] [--expect-finding]\n"
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
    } else if (name == "--expect-finding") {
      options.expect_finding = true;
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

// An exception that nobody caught, or a crash.
void tell_seed(int signal) {
  std::printf("seed %llu: ended by signal %d\n  replay: sim --seed %llu --trace\n",
              static_cast<unsigned long long>(running_seed), signal,
              static_cast<unsigned long long>(running_seed));
  std::fflush(stdout);
  ::_exit(1);
}

// True: all promises were kept.
bool run_seed(std::uint64_t seed, const Options& options) {
  running_seed = seed;
  sluice::sim::World world(seed, options.trace);
  const std::vector<std::string> findings = options.year ? world.run_year() : world.run();
  if (findings.empty()) return true;
  std::string text = "seed " + std::to_string(seed) + ", step " + std::to_string(world.steps()) + " (" +
                     world.plan_text() + ")\n";
  for (const std::string& finding : findings) text += "  " + finding + "\n";
  text += std::string("  replay: sim ") + (options.year ? "--year " : "") + "--seed " + std::to_string(seed) +
          " --trace\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  return false;
}

// One job: every jobs-th seed. Returns whether all were well.
bool run_job(const Options& options, std::uint64_t job) {
  bool well = true;
  for (std::uint64_t seed = options.first + job; seed <= options.last; seed += options.jobs) {
    if (run_seed(seed, options)) continue;
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
  // What a gateway logs in a bad world is of interest in a trace only.
  if (!options.trace) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
  }
  for (int signal : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(signal, tell_seed);
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
  if (well)
    std::printf("seeds %llu to %llu: all promises kept\n", static_cast<unsigned long long>(options.first),
                static_cast<unsigned long long>(options.last));
  return well != options.expect_finding ? 0 : 1;
}
