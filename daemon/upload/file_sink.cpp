#include "upload/file_sink.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace sluice {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close_now(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool close_now() {
    const int fd = std::exchange(fd_, -1);
    return fd < 0 || ::close(fd) == 0;
  }

 private:
  int fd_;
};

SinkAnswer retry(const std::string& what, const std::string& path, const std::error_code& error) {
  std::string advice;
  if (error == std::errc::no_space_on_device || error.value() == EDQUOT) {
    advice = "; free some space there";
  } else if (error == std::errc::permission_denied || error == std::errc::read_only_file_system ||
             error == std::errc::operation_not_permitted) {
    advice = "; let the daemon's user write there (ReadWritePaths= in its unit, chown)";
  } else if (error == std::errc::not_a_directory || error == std::errc::file_exists) {
    advice = "; a file is where a folder should be";
  }
  return {SinkAnswer::Kind::kRetry, "cannot " + what + " " + path + ": " + error.message() + advice, 0};
}

std::error_code last_error() {
  return {errno, std::generic_category()};
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

bool write_synced(const std::string& path, std::string_view bytes) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  return file.get() >= 0 && write_all(file.get(), bytes) && ::fsync(file.get()) == 0 && file.close_now();
}

bool sync_folder(const std::string& path) {
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.get() >= 0 && ::fsync(folder.get()) == 0;
}

bool holds(const std::string& path, std::string_view bytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return false;
  char chunk[8192];
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return got == 0 && bytes.empty();
    const std::string_view read(chunk, static_cast<std::size_t>(got));
    if (bytes.substr(0, read.size()) != read) return false;
    bytes.remove_prefix(read.size());
  }
}

std::string temporary_name(const std::string& file) {
  return "." + file + ".tmp";
}

// .<gateway>-<date>-r<revision>.json.tmp
bool is_leftover(std::string_view file, const std::string& gateway) {
  const std::string start = "." + gateway + "-";
  return file.starts_with(start) && file.ends_with(".json.tmp") &&
         parse_date(file.substr(start.size(), 10)).ok() && file.substr(start.size() + 10).starts_with("-r");
}

}  // namespace

int try_folder(const std::string& folder, bool keep) {
  std::vector<std::string> made;
  int failed = 0;
  fs::path path;
  for (const fs::path& part : fs::path(folder)) {
    path /= part;
    if (::mkdir(path.c_str(), 0777) == 0) {
      made.push_back(path.string());
    } else {
      struct stat about {};
      const int why = errno;
      if (::stat(path.c_str(), &about) != 0) failed = why;
    }
    if (failed != 0) break;
  }
  if (failed == 0) {
    std::string probe = folder + "/.sluice-XXXXXX";
    const int fd = ::mkostemp(probe.data(), O_CLOEXEC);
    if (fd < 0) failed = errno;
    if (fd >= 0) ::close(fd);
    if (fd >= 0) ::unlink(probe.c_str());
  }
  if (!keep)
    std::for_each(made.rbegin(), made.rend(), [](const std::string& name) { ::rmdir(name.c_str()); });
  return failed;
}

FileSink::FileSink(std::string name, std::string folder)
    : name_(std::move(name)), folder_(std::move(folder)) {}

SinkAnswer FileSink::deliver(const Delivery& delivery) {
  const std::string file =
      delivery.gateway + "-" + format_date(delivery.day) + "-r" + std::to_string(delivery.revision) + ".json";
  if (delivery.gateway.empty() || file.find('/') != std::string::npos) {
    return {SinkAnswer::Kind::kRefused,
            "the gateway id \"" + delivery.gateway + "\" cannot be part of a file name", 0};
  }
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return retry("make the folder", folder_, error);
  if (!std::exchange(leftovers_removed_, true)) remove_leftovers(delivery.gateway);

  const std::string path = folder_ + "/" + file;
  if (!holds(path, delivery.body)) {
    const std::string temporary = folder_ + "/" + temporary_name(file);
    const bool there =
        write_synced(temporary, delivery.body) && ::rename(temporary.c_str(), path.c_str()) == 0;
    if (!there) {
      error = last_error();
      ::unlink(temporary.c_str());
      return retry("write", path, error);
    }
  }
  // Also for a file that was there before: the process may have ended between the rename and this.
  if (!sync_folder(folder_)) return retry("sync the folder", folder_, last_error());
  return {SinkAnswer::Kind::kDelivered, path, 0};
}

// What a process left that ended between write and rename.
void FileSink::remove_leftovers(const std::string& gateway) const {
  std::error_code error;
  for (fs::directory_iterator at(folder_, error), end; !error && at != end; at.increment(error)) {
    const std::string file = at->path().filename().string();
    if (is_leftover(file, gateway)) ::unlink((folder_ + "/" + file).c_str());
  }
}

}  // namespace sluice
