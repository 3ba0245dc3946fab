#include "drivers/sysfs/attribute_reader.h"

#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <array>

#include "base/check.h"

namespace sluice::drivers {

namespace {

constexpr std::size_t kTextMaxBytes = 4096;  // sysfs gives a page at most

Error cannot_read(const std::string& path, int error) {
  ErrorCode code = error == ENOENT || error == ENODEV ? ErrorCode::kNotFound : ErrorCode::kIo;
  return make_error(code, path + ": " + strerror(error));
}

}  // namespace

// What the C library's thread writes to: it must stay where it is until the read has ended.
struct AttributeReader::Read {
  explicit Read(std::string file) : path(std::move(file)) {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) open_error = errno;
  }
  ~Read() {
    if (fd >= 0) close(fd);
  }
  Read(const Read&) = delete;
  Read& operator=(const Read&) = delete;

  bool begin() {
    control.aio_fildes = fd;
    control.aio_buf = bytes.data();
    control.aio_nbytes = bytes.size();
    control.aio_sigevent.sigev_notify = SIGEV_NONE;
    return aio_read(&control) == 0;
  }

  std::string path;
  int fd = -1;
  int open_error = 0;
  aiocb control{};
  std::array<char, kTextMaxBytes> bytes;
};

AttributeReader::AttributeReader() = default;

AttributeReader::~AttributeReader() {
  if (!busy()) return;
  aio_cancel(read_->fd, &read_->control);
  if (busy()) (void)read_.release();  // still written to
}

Status AttributeReader::begin(const std::string& path) {
  SLUICE_CHECK(!busy(), "one read at a time");
  read_ = std::make_unique<Read>(path);
  if (read_->open_error == 0 && read_->begin()) return {};
  Error error = cannot_read(path, read_->open_error ? read_->open_error : errno);
  read_.reset();
  return error;
}

bool AttributeReader::busy() const {
  return read_ && aio_error(&read_->control) == EINPROGRESS;
}

Result<std::string> AttributeReader::take() {
  SLUICE_CHECK(read_ && !busy(), "begin, wait, take");
  std::unique_ptr<Read> read = std::move(read_);
  int error = aio_error(&read->control);
  ssize_t size = aio_return(&read->control);
  if (error != 0) return cannot_read(read->path, error);
  std::string text(read->bytes.data(), static_cast<std::size_t>(size));
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\0')) text.pop_back();
  return text;
}

}  // namespace sluice::drivers
