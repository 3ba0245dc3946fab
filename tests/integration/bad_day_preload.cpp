// Preloaded into sluiced by tests: a disk that fails and a clock that nobody has set, whenever the test says
// so. While the file $SLUICE_BAD_DISK exists, calls on files whose path begins with $SLUICE_BAD_FILES fail
// with the error number in it. Which calls, a word after it says: "syncs", "writes" (those that change a
// file, and syncs), or "all" (those that read, too). The kernel says that the clock is synchronised unless
// $SLUICE_BAD_CLOCK exists, where that is given.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/timex.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

bool is_there(const char* variable) {
  const char* path = std::getenv(variable);
  return path != nullptr && ::access(path, F_OK) == 0;
}

enum class Call { kSync, kWrite, kRead };

bool is_bad(Call call, const char* which) {
  switch (call) {
    case Call::kSync:
      return true;
    case Call::kWrite:
      return std::strcmp(which, "syncs") != 0;
    case Call::kRead:
      return std::strcmp(which, "all") == 0;
  }
  return false;
}

// The error that a call on this file gets; 0: none.
int error_of(int fd, Call call) {
  const char* files = std::getenv("SLUICE_BAD_FILES");
  if (files == nullptr || !is_there("SLUICE_BAD_DISK")) return 0;
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  if (std::strncmp(path, files, std::strlen(files)) != 0) return 0;
  FILE* file = std::fopen(std::getenv("SLUICE_BAD_DISK"), "re");
  if (file == nullptr) return 0;
  int error = 0;
  char which[8] = "";
  const int found = std::fscanf(file, "%d %7s", &error, which);
  std::fclose(file);
  return found == 2 && is_bad(call, which) ? error : 0;
}

bool fails(int fd, Call call) {
  const int before = errno;
  const int error = error_of(fd, call);
  errno = error != 0 ? error : before;
  return error != 0;
}

}  // namespace

extern "C" {

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  if (fails(fd, Call::kWrite)) return -1;
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  return real(fd, data, size, at);
}

ssize_t pread64(int fd, void* data, size_t size, off64_t at) {
  if (fails(fd, Call::kRead)) return -1;
  static const auto real = next<ssize_t (*)(int, void*, size_t, off64_t)>("pread64");
  return real(fd, data, size, at);
}

int fsync(int fd) {
  if (fails(fd, Call::kSync)) return -1;
  static const auto real = next<int (*)(int)>("fsync");
  return real(fd);
}

int fdatasync(int fd) {
  if (fails(fd, Call::kSync)) return -1;
  static const auto real = next<int (*)(int)>("fdatasync");
  return real(fd);
}

int ftruncate64(int fd, off64_t size) noexcept {
  if (fails(fd, Call::kWrite)) return -1;
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  return real(fd, size);
}

int adjtimex(struct timex* state) noexcept {
  static const auto real = next<int (*)(struct timex*)>("adjtimex");
  const int answer = real(state);
  if (std::getenv("SLUICE_BAD_CLOCK") == nullptr) return answer;
  const bool unset = is_there("SLUICE_BAD_CLOCK");
  state->status = unset ? state->status | STA_UNSYNC : state->status & ~STA_UNSYNC;
  return unset ? TIME_ERROR : TIME_OK;
}
}
