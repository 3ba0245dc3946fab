#include "store/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace sluice {

namespace {
// Not zeros: a file system that compresses would keep next to nothing of them.
std::vector<unsigned char> noise(std::size_t size) {
  std::vector<unsigned char> bytes(size);
  std::uint32_t state = 2463534242u;
  for (unsigned char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<unsigned char>(state);
  }
  return bytes;
}
}  // namespace

std::uint64_t Reserve::held_bytes() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return 0;
  return std::min(static_cast<std::uint64_t>(status.st_size),
                  static_cast<std::uint64_t>(status.st_blocks) * 512);
}

bool Reserve::shrink_to(std::uint64_t bytes) {
  if (held_bytes() <= bytes) return false;
  if (bytes == 0) return ::unlink(path_.c_str()) == 0;
  return ::truncate(path_.c_str(), static_cast<off_t>(bytes)) == 0;
}

bool Reserve::release() {
  return shrink_to(std::min(kStartBytes, bytes_ / 2));
}

bool Reserve::release_all() {
  return shrink_to(0);
}

bool Reserve::whole() const {
  return held_bytes() >= bytes_;
}

Status Reserve::rebuild() {
  if (whole()) return {};
  struct statvfs disk {};
  const std::string folder = std::filesystem::path(path_).parent_path().string();
  if (::statvfs(folder.c_str(), &disk) != 0 ||
      static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize < 2 * bytes_) {
    return make_error(ErrorCode::kNoSpace, "not enough is free to put aside " + path_);
  }
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (fd < 0) return make_error(ErrorCode::kIo, "cannot make " + path_ + ": " + std::strerror(errno));
  const std::vector<unsigned char> block = noise(64 << 10);
  std::uint64_t at = 0;
  while (at < bytes_) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), bytes_ - at));
    const ssize_t done = ::pwrite(fd, block.data(), size, static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) break;
    at += static_cast<std::uint64_t>(done);
  }
  const int failed = at < bytes_ || ::fsync(fd) != 0 ? errno : 0;
  ::close(fd);
  if (failed == 0) return {};
  (void)release_all();
  return make_error(failed == ENOSPC ? ErrorCode::kNoSpace : ErrorCode::kIo,
                    "cannot put aside " + path_ + ": " + std::strerror(failed));
}

}  // namespace sluice
