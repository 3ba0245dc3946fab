// slow_sync: a library for LD_PRELOAD that makes fdatasync on a journal's ring take 8 ms longer, as an SD
// card would. Other files are synced as ever.
#include <dlfcn.h>
#include <poll.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <string_view>

namespace {

constexpr int kDelayMs = 8;

bool is_ring(int fd) {
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t size = ::readlink(link, path, sizeof path);
  if (size <= 0) return false;
  std::string_view name(path, static_cast<std::size_t>(size));
  name.remove_prefix(name.rfind('/') + 1);
  return name.starts_with("journal-") && name.ends_with(".ring");
}

}  // namespace

extern "C" int fdatasync(int fd) {
  using Sync = int (*)(int);
  static const Sync real = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, "fdatasync"));
  if (is_ring(fd)) ::poll(nullptr, 0, kDelayMs);
  return real(fd);
}
