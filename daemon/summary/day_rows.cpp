#include "summary/day_rows.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace sluice {

namespace {

constexpr std::size_t kPieceRows = 4096;

template <class T>
void release(std::vector<T>& values) {
  std::vector<T>().swap(values);
}

}  // namespace

DayRows::DayRows(std::size_t places, std::size_t memory_bytes_max, std::string folder)
    : counts_(places, 0),
      arrived_max_(memory_bytes_max / (sizeof(Arrived) + sizeof(Row))),
      folder_(std::move(folder)) {}

DayRows::~DayRows() {
  if (fd_ >= 0) ::close(fd_);
}

// False: the row is not kept.
bool DayRows::make_room() {
  if (!complete_) return false;
  if (arrived_max_ == 0 || !write_run()) give_up();
  return complete_;
}

void DayRows::give_up() {
  complete_ = false;
  release(arrived_);
  release(laid_);
  runs_.clear();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void DayRows::finish() {
  if (!complete_) return;
  if (runs_.empty()) {
    lay_out();
  } else if (!arrived_.empty() && !write_run()) {
    return give_up();
  } else {
    release(laid_);
  }
  release(arrived_);
}

void DayRows::lay_out() {
  ends_.assign(counts_.size() + 1, 0);
  for (const Arrived& arrived : arrived_) ++ends_[arrived.place + 1];
  for (std::size_t i = 1; i < ends_.size(); ++i) ends_[i] += ends_[i - 1];
  laid_.resize(arrived_.size());
  // Each place's begin moves to its end, which is the begin of the next.
  for (const Arrived& arrived : arrived_) laid_[ends_[arrived.place]++] = arrived.row;
  ends_.pop_back();
}

bool DayRows::write_run() {
  lay_out();
  const std::size_t ends_bytes = ends_.size() * sizeof ends_[0];
  const std::size_t rows_bytes = laid_.size() * sizeof laid_[0];
  if (fd_ < 0 && !open_file()) return false;
  if (!room_for(ends_bytes + rows_bytes)) return false;
  const Run run{written_, laid_.size()};
  if (!write(ends_.data(), ends_bytes) || !write(laid_.data(), rows_bytes)) return false;
  runs_.push_back(run);
  arrived_.clear();
  return true;
}

bool DayRows::open_file() {
  if (folder_.empty()) return false;
  std::string name = folder_ + "/day-XXXXXX";
  fd_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) return false;
  ::unlink(name.c_str());
  return true;
}

bool DayRows::room_for(std::size_t bytes) const {
  struct statvfs disk {};
  if (::fstatvfs(fd_, &disk) != 0) return false;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize >= bytes + kLeaveFreeBytes;
}

bool DayRows::write(const void* data, std::size_t bytes) {
  const char* at = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::write(fd_, at, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<std::size_t>(n);
    written_ += static_cast<std::uint64_t>(n);
  }
  return true;
}

Status DayRows::read(void* data, std::size_t bytes, std::uint64_t at) const {
  char* to = static_cast<char*>(data);
  while (bytes > 0) {
    const ssize_t n = ::pread(fd_, to, bytes, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return make_error(ErrorCode::kIo, "cannot read back the rows of a day from the scratch file in " +
                                            folder_ + ": " + (n < 0 ? std::strerror(errno) : "it is short") +
                                            "; check the disk");
    }
    to += n;
    at += static_cast<std::uint64_t>(n);
    bytes -= static_cast<std::size_t>(n);
  }
  return {};
}

Status DayRows::visit(std::uint32_t first, std::uint32_t last, const Visit& visit) const {
  for (const Run& run : runs_) {
    if (Status status = visit_run(run, first, last, visit); !status.ok()) return status;
  }
  if (!runs_.empty()) return {};
  for (std::uint32_t place = first; place < last; ++place) {
    const std::uint32_t begin = place == 0 ? 0 : ends_[place - 1];
    if (begin < ends_[place]) visit(place, std::span(laid_).subspan(begin, ends_[place] - begin));
  }
  return {};
}

Status DayRows::visit_run(const Run& run, std::uint32_t first, std::uint32_t last, const Visit& visit) const {
  std::vector<std::uint32_t> ends(last - first + std::size_t{1}, 0);  // the first is where they begin
  const std::size_t before = first == 0 ? 0 : 1;
  Status status = read(ends.data() + 1 - before, (last - first + before) * sizeof ends[0],
                       run.at + (first - before) * sizeof ends[0]);
  if (!status.ok()) return status;
  std::vector<Row> piece(kPieceRows);
  const std::uint64_t rows_at = run.at + counts_.size() * sizeof ends[0];
  std::size_t in_place = 1;
  for (std::uint64_t at = ends.front(); at < ends.back();) {
    const std::size_t rows = std::min<std::size_t>(kPieceRows, ends.back() - at);
    status = read(piece.data(), rows * sizeof(Row), rows_at + at * sizeof(Row));
    if (!status.ok()) return status;
    for (std::size_t i = 0; i < rows;) {
      while (ends[in_place] <= at + i) ++in_place;
      const std::size_t size = std::min<std::size_t>(rows - i, ends[in_place] - at - i);
      visit(first + static_cast<std::uint32_t>(in_place) - 1, std::span<const Row>(piece).subspan(i, size));
      i += size;
    }
    at += rows;
  }
  return {};
}

}  // namespace sluice
