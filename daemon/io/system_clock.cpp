#include "io/system_clock.h"

#include <sys/timex.h>
#include <time.h>

#include <fstream>

#include "base/check.h"

namespace sluice {

namespace {

std::int64_t read_us(clockid_t id) {
  timespec t{};
  SLUICE_CHECK(clock_gettime(id, &t) == 0, "the kernel has no such clock");
  return static_cast<std::int64_t>(t.tv_sec) * 1000000 + t.tv_nsec / 1000;
}

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? "unknown" : id;
}

}  // namespace

SystemClock::SystemClock() : boot_id_(read_boot_id()) {}

Instant SystemClock::now() {
  return Instant{read_us(CLOCK_REALTIME) / 1000, read_us(CLOCK_BOOTTIME) / 1000};
}

std::int64_t SystemClock::boot_us() {
  return read_us(CLOCK_BOOTTIME);
}

// A sandbox may forbid the call; a clock that we cannot ask about counts as not set.
bool SystemClock::synchronised() {
  timex state{};
  int rc = adjtimex(&state);
  return rc >= 0 && rc != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace sluice
