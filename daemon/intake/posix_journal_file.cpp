#include "intake/posix_journal_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "intake/journal_format.h"

namespace sluice {
namespace {

constexpr std::string_view kPrefix = "journal-";
constexpr std::string_view kSuffix = ".ring";
constexpr std::string_view kCopySuffix = ".copy.ring";
constexpr const char* kUnfinished = "/journal.new";

Error system_error(int number, const std::string& what, const std::string& path) {
  ErrorCode code = ErrorCode::kIo;
  if (number == ENOSPC || number == EDQUOT) code = ErrorCode::kNoSpace;
  if (number == ENOENT) code = ErrorCode::kNotFound;
  return make_error(code, what + " " + path + ": " + std::system_category().message(number));
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixJournalFile final : public JournalFile {
 public:
  PosixJournalFile(Descriptor fd, std::uint64_t size, std::string path)
      : fd_(std::move(fd)), size_(size), path_(std::move(path)) {}

  std::uint64_t size() const override { return size_; }

  Status write(std::uint64_t offset, const void* data, std::size_t size) override {
    const char* from = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t done = ::pwrite(fd_.get(), from, size, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return system_error(done < 0 ? errno : EIO, "cannot write to", path_);
      from += done;
      offset += static_cast<std::uint64_t>(done);
      size -= static_cast<std::size_t>(done);
    }
    return {};
  }

  Status read(std::uint64_t offset, void* data, std::size_t size) override {
    char* to = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t done = ::pread(fd_.get(), to, size, static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) return system_error(errno, "cannot read from", path_);
      if (done == 0) return make_error(ErrorCode::kIo, path_ + " has become shorter: who cut it?");
      to += done;
      offset += static_cast<std::uint64_t>(done);
      size -= static_cast<std::size_t>(done);
    }
    return {};
  }

  // Not repeated after an error: the kernel forgets which pages it could not write.
  Status sync() override {
    if (::fdatasync(fd_.get()) != 0) return system_error(errno, "cannot sync", path_);
    return {};
  }

 private:
  const Descriptor fd_;
  const std::uint64_t size_;
  const std::string path_;
};

Status sync_folder(const std::string& folder) {
  Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return system_error(errno, "cannot sync the folder", folder);
  return {};
}

Status lock(int fd, const std::string& path) {
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return system_error(errno, "cannot lock", path);
    return make_error(ErrorCode::kRefused, path +
                                               " is in use by another process: stop the other sluiced, or "
                                               "give this one its own state_dir and runtime_dir");
  }
  return {};
}

Status allocate(int fd, std::uint64_t size, const std::string& path) {
  int number = 0;
  do {
    number = ::posix_fallocate(fd, 0, static_cast<off_t>(size));
  } while (number == EINTR);
  if (number != 0) return system_error(number, "cannot reserve space for", path);
  return {};
}

// Allocated blocks alone are not enough: the first write to one would change the file system's own records.
Status fill_with_zeros(PosixJournalFile& file) {
  const std::vector<char> zeros(256 * 1024);
  for (std::uint64_t at = 0; at < file.size(); at += zeros.size()) {
    const std::uint64_t size = std::min<std::uint64_t>(zeros.size(), file.size() - at);
    if (Status done = file.write(at, zeros.data(), static_cast<std::size_t>(size)); !done) return done;
  }
  return file.sync();
}

}  // namespace

void remove_unfinished_ring(const std::string& folder) {
  ::unlink((folder + kUnfinished).c_str());
}

Result<std::vector<RingFile>> list_ring_files(const std::string& folder) {
  std::vector<RingFile> rings;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() <= kPrefix.size() + kSuffix.size() || !name.starts_with(kPrefix) ||
        !name.ends_with(kSuffix)) {
      continue;
    }
    rings.push_back(RingFile{name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()),
                             entry->path().string()});
  }
  if (error && error.value() != ENOENT) return system_error(error.value(), "cannot list the folder", folder);
  std::sort(rings.begin(), rings.end(), [](const RingFile& a, const RingFile& b) { return a.id < b.id; });
  return rings;
}

Result<std::unique_ptr<JournalFile>> create_ring_file(const std::string& folder, const std::string& id,
                                                      std::uint64_t size, Durability durability) {
  const std::string path = folder + "/" + std::string(kPrefix) + id + std::string(kSuffix);
  if (::access(path.c_str(), F_OK) == 0) return system_error(EEXIST, "cannot create", path);
  const std::string unfinished = folder + kUnfinished;
  remove_unfinished_ring(folder);
  Descriptor fd(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (fd.get() < 0) return system_error(errno, "cannot create", unfinished);
  Status made = lock(fd.get(), unfinished);
  if (made) made = allocate(fd.get(), size, unfinished);
  auto file = std::make_unique<PosixJournalFile>(std::move(fd), size, path);
  if (made && durability == Durability::kPower) made = fill_with_zeros(*file);
  if (made && ::rename(unfinished.c_str(), path.c_str()) != 0) {
    made = system_error(errno, "cannot rename", unfinished);
  }
  if (!made) {
    remove_unfinished_ring(folder);
    return made.error();
  }
  if (durability == Durability::kPower) {
    if (Status named = sync_folder(folder); !named) return named.error();
  }
  return std::unique_ptr<JournalFile>(std::move(file));
}

Result<std::unique_ptr<JournalFile>> open_ring_file(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (fd.get() < 0) return system_error(errno, "cannot open", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return system_error(errno, "cannot look at", path);
  if (!S_ISREG(status.st_mode)) return make_error(ErrorCode::kInvalid, path + " is not a regular file");
  if (Status locked = lock(fd.get(), path); !locked) return locked.error();
  return std::unique_ptr<JournalFile>(
      std::make_unique<PosixJournalFile>(std::move(fd), static_cast<std::uint64_t>(status.st_size), path));
}

Status copy_ring_file(Journal& journal, const std::string& folder) {
  const std::string ring = folder + "/" + std::string(kPrefix) + journal.id();
  if (::access((ring + std::string(kSuffix)).c_str(), F_OK) == 0) return {};
  const std::string path = ring + std::string(kCopySuffix);
  remove_unfinished_ring(folder);
  const std::string unfinished = folder + kUnfinished;
  Descriptor fd(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640));
  if (fd.get() < 0) return system_error(errno, "cannot create", unfinished);
  const std::uint64_t size = journal_format::kRingOffset + journal.capacity_bytes();
  Status made;
  if (::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) {
    made = system_error(errno, "cannot create", unfinished);
  }
  PosixJournalFile file(std::move(fd), size, unfinished);
  if (made) made = journal.copy_to(file);
  if (made) made = file.sync();
  if (made && ::rename(unfinished.c_str(), path.c_str()) != 0) {
    made = system_error(errno, "cannot rename", unfinished);
  }
  if (!made) {
    remove_unfinished_ring(folder);
    return made;
  }
  return sync_folder(folder);
}

Status put_ring_file_aside(const std::string& path) {
  if (::rename(path.c_str(), (path + ".damaged").c_str()) != 0) {
    return system_error(errno, "cannot move aside", path);
  }
  return {};
}

Status remove_ring_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_error(errno, "cannot remove", path);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return sync_folder(folder.empty() ? "." : folder);
}

}  // namespace sluice
