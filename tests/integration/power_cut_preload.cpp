// Preloaded into sluiced by power_cut.py: writes down, in one order, what becomes of the files below
// $SLUICE_RECORD_FOLDER and what is acknowledged to the broker, into $SLUICE_RECORD. A machine that has
// booted since has another boot id: where $SLUICE_BOOT_ID names a file, that is what the kernel says it is.
//
// One entry = Head, then `size` bytes. A change of a file is written down before it is made, and nothing
// comes in between; a sync, when it begins and when it is done; an acknowledgement, before it is sent. So
// what the log says is synced is synced, and what was acknowledged is never missing.
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>

namespace {

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

enum Kind : char {
  kProcess = 'p',       // a process begins
  kCreated = 'c',       // file; data: its name below the folder
  kWritten = 'w',       // file, offset, data
  kSize = 't',          // file; offset: its size from now on
  kSyncBegins = 'b',    // file; offset: number of the sync
  kSyncDone = 's',      // the same
  kRenamed = 'r',       // data: from NUL to
  kRemoved = 'u',       // data: name
  kReceived = 'i',      // file: number of the connection; data
  kAcknowledged = 'a',  // file: number of the connection; offset: packet id
  kConnected = 'o',     // file: number of the connection
};

struct Head {
  char kind;
  char unused[3];
  std::uint32_t size;
  std::uint64_t time_ns;  // CLOCK_MONOTONIC
  std::uint64_t file;     // inode number; 0: the folder
  std::uint64_t offset;
};
static_assert(sizeof(Head) == 32, "power_cut.py reads it");

constexpr std::size_t kDescriptorsMax = 4096;
constexpr unsigned char kPuback = 0x40;

class Record {
 public:
  // Never destroyed: threads go on writing until the process is gone.
  static Record& instance() {
    static auto* const record = new Record;
    return *record;
  }

  std::mutex& mutex() { return mutex_; }
  bool on() const { return log_ >= 0; }

  // Its name below the folder; nullptr: it is not there.
  const char* name_of(const char* path) const {
    const bool inside = on() && std::strncmp(path, folder_.c_str(), folder_.size()) == 0;
    return inside && path[folder_.size()] == '/' ? path + folder_.size() + 1 : nullptr;
  }
  bool is_folder(const char* path) const { return on() && folder_ == path; }

  struct Open {
    enum What { kNothing, kFile, kFolder, kConnection } what = kNothing;
    std::uint64_t number = 0;
  };
  Open& open(int fd) {
    static Open nowhere;
    nowhere = {};
    return fd >= 0 && static_cast<std::size_t>(fd) < kDescriptorsMax ? open_[static_cast<std::size_t>(fd)]
                                                                     : nowhere;
  }
  bool is_ours(int fd) { return open(fd).what == Open::kFile || open(fd).what == Open::kFolder; }

  void add(Kind kind, std::uint64_t file, std::uint64_t offset, const void* data = nullptr,
           std::size_t size = 0) {
    if (!on()) return;
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    Head head{kind, {}, static_cast<std::uint32_t>(size), 0, file, offset};
    head.time_ns =
        static_cast<std::uint64_t>(now.tv_sec) * 1000000000 + static_cast<std::uint64_t>(now.tv_nsec);
    const std::array<iovec, 2> parts{{{&head, sizeof head}, {const_cast<void*>(data), size}}};
    static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
    if (real(log_, parts.data(), 2) == static_cast<ssize_t>(sizeof head + size)) return;
    std::fputs("power_cut_preload: the log cannot be written\n", stderr);
    std::abort();
  }

  std::uint64_t take_number() { return ++number_; }

 private:
  Record() {
    const char* log = std::getenv("SLUICE_RECORD");
    const char* folder = std::getenv("SLUICE_RECORD_FOLDER");
    if (log == nullptr || folder == nullptr) return;
    static const auto real = next<int (*)(const char*, int, ...)>("open64");
    folder_ = folder;
    log_ = real(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    add(kProcess, 0, 0);
  }

  std::mutex mutex_;
  std::string folder_;
  int log_ = -1;
  std::uint64_t number_ = 0;
  std::array<Open, kDescriptorsMax> open_{};
};

using Lock = std::lock_guard<std::mutex>;

std::uint64_t inode_of(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

int open_file(const char* path, int flags, mode_t mode) {
  static const auto real = next<int (*)(const char*, int, ...)>("open64");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  const char* name = record.name_of(path);
  const bool fresh = name != nullptr && (flags & O_CREAT) != 0 && ::access(path, F_OK) != 0;
  const int fd = real(path, flags, mode);
  if (fd < 0) return fd;
  Record::Open& open = record.open(fd);
  if (record.is_folder(path)) {
    open = {Record::Open::kFolder, 0};
  } else if (name != nullptr && (flags & O_DIRECTORY) == 0) {
    open = {Record::Open::kFile, inode_of(fd)};
    if (fresh) record.add(kCreated, open.number, 0, name, std::strlen(name));
    if (!fresh && (flags & O_TRUNC) != 0) record.add(kSize, open.number, 0);
  } else {
    open = {};
  }
  return fd;
}

template <class Real>
int sync_file(int fd, Real real) {
  if (std::getenv("SLUICE_NO_SYNC") != nullptr) return 0;
  Record& record = Record::instance();
  std::uint64_t number = 0;
  Record::Open open;
  {
    const Lock lock(record.mutex());
    open = record.open(fd);
    if (!record.is_ours(fd)) open = {};
    number = record.take_number();
    if (open.what != Record::Open::kNothing) record.add(kSyncBegins, open.number, number);
  }
  const int done = real(fd);
  const int error = errno;
  if (done == 0 && open.what != Record::Open::kNothing) {
    const Lock lock(record.mutex());
    record.add(kSyncDone, open.number, number);
  }
  errno = error;
  return done;
}

}  // namespace

extern "C" {

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
  va_end(arguments);
  return open_file(path, flags, mode);
}

FILE* fopen64(const char* path, const char* mode) {
  static const auto real = next<FILE* (*)(const char*, const char*)>("fopen64");
  const char* boot_id = std::getenv("SLUICE_BOOT_ID");
  const bool asked = boot_id != nullptr && std::strcmp(path, "/proc/sys/kernel/random/boot_id") == 0;
  return real(asked ? boot_id : path, mode);
}

int close(int fd) {
  static const auto real = next<int (*)(int)>("close");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  record.open(fd) = {};
  return real(fd);
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  if (record.is_ours(fd)) {
    record.add(kWritten, record.open(fd).number, static_cast<std::uint64_t>(at), data, size);
  }
  return real(fd, data, size, at);
}

int fsync(int fd) {
  static const auto real = next<int (*)(int)>("fsync");
  return sync_file(fd, real);
}

int fdatasync(int fd) {
  static const auto real = next<int (*)(int)>("fdatasync");
  return sync_file(fd, real);
}

int ftruncate64(int fd, off64_t size) noexcept {
  static const auto real = next<int (*)(int, off64_t)>("ftruncate64");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  if (record.is_ours(fd)) record.add(kSize, record.open(fd).number, static_cast<std::uint64_t>(size));
  return real(fd, size);
}

int posix_fallocate64(int fd, off64_t at, off64_t size) {
  static const auto real = next<int (*)(int, off64_t, off64_t)>("posix_fallocate64");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  if (record.is_ours(fd)) record.add(kSize, record.open(fd).number, static_cast<std::uint64_t>(at + size));
  return real(fd, at, size);
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  const char* old_name = record.name_of(from);
  const char* new_name = record.name_of(to);
  if (old_name != nullptr && new_name != nullptr && ::access(from, F_OK) == 0) {
    const std::string both = std::string(old_name) + '\0' + new_name;
    record.add(kRenamed, 0, 0, both.data(), both.size());
  }
  return real(from, to);
}

int unlink(const char* path) noexcept {
  static const auto real = next<int (*)(const char*)>("unlink");
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  const char* name = record.name_of(path);
  if (name != nullptr && ::access(path, F_OK) == 0) record.add(kRemoved, 0, 0, name, std::strlen(name));
  return real(path);
}

int connect(int fd, const sockaddr* address, socklen_t size) {
  static const auto real = next<int (*)(int, const sockaddr*, socklen_t)>("connect");
  if (address->sa_family == AF_INET || address->sa_family == AF_INET6) {
    Record& record = Record::instance();
    const Lock lock(record.mutex());
    // Where a connection takes a second call, it is still the same one.
    if (record.open(fd).what != Record::Open::kConnection) {
      record.open(fd) = {Record::Open::kConnection, record.take_number()};
      record.add(kConnected, record.open(fd).number, 0);
    }
  }
  return real(fd, address, size);
}

ssize_t recv(int fd, void* buffer, size_t size, int flags) {
  static const auto real = next<ssize_t (*)(int, void*, size_t, int)>("recv");
  const ssize_t done = real(fd, buffer, size, flags);
  if (done <= 0 || (flags & MSG_PEEK) != 0) return done;
  const int error = errno;
  Record& record = Record::instance();
  const Lock lock(record.mutex());
  const Record::Open open = record.open(fd);
  if (open.what == Record::Open::kConnection) {
    record.add(kReceived, open.number, 0, buffer, static_cast<std::size_t>(done));
  }
  errno = error;
  return done;
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
  Record& record = Record::instance();
  {
    const Lock lock(record.mutex());
    const Record::Open open = record.open(fd);
    std::string packet;
    for (int i = 0; i < count && packet.size() <= 4; ++i) {
      packet.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
    }
    const auto byte = [&packet](std::size_t at) { return static_cast<unsigned char>(packet[at]); };
    if (open.what == Record::Open::kConnection && packet.size() >= 4 && byte(0) == kPuback) {
      record.add(kAcknowledged, open.number, static_cast<std::uint64_t>(byte(2) << 8 | byte(3)));
    }
  }
  return real(fd, parts, count);
}
}
