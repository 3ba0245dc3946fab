#include "drivers/replay/csv_reader.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>

namespace sluice::drivers {

CsvReader::CsvReader(std::string path, gzFile_s* file, char delimiter)
    : path_(std::move(path)), file_(file), delimiter_(delimiter), buffer_(64 * 1024) {}

CsvReader::~CsvReader() {
  gzclose_r(file_);
}

Result<std::unique_ptr<CsvReader>> CsvReader::open(const std::string& path, char delimiter) {
  gzFile file = gzopen(path.c_str(), "rbe");
  if (!file)
    return make_error(ErrorCode::kNotFound, path + " cannot be opened (" + std::strerror(errno) +
                                                "); check the path and its permissions");
  std::unique_ptr<CsvReader> reader(new CsvReader(path, file, delimiter));
  constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
  if (reader->peek() == 0xEF && reader->end_ >= 3 &&
      std::memcmp(reader->buffer_.data(), kByteOrderMark, 3) == 0)
    reader->begin_ = 3;
  return reader;
}

Error CsvReader::error(const std::string& what) const {
  return make_error(ErrorCode::kInvalid, path_ + " line " + std::to_string(row_line_) + ": " + what);
}

int CsvReader::peek() {
  if (begin_ == end_) {
    begin_ = end_ = 0;
    if (!failure_.empty()) return -1;
    int got = gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
    int code = Z_OK;
    const char* message = gzerror(file_, &code);
    if (code != Z_OK && code != Z_STREAM_END) {
      failure_ = code == Z_ERRNO ? std::strerror(errno) : message;
      if (code == Z_BUF_ERROR) failure_ = "the file is cut short";
    }
    if (got <= 0) return -1;
    end_ = static_cast<std::size_t>(got);
  }
  return static_cast<unsigned char>(buffer_[begin_]);
}

void CsvReader::read_quoted(std::string& cell) {
  ++begin_;
  for (int c = peek(); c >= 0; c = peek()) {
    ++begin_;
    if (c == '"') {
      if (peek() != '"') return;
      ++begin_;
    }
    if (c == '\n') ++line_;
    cell += static_cast<char>(c);
    if (++row_bytes_ > kRowBytesMax) break;
  }
  if (failure_.empty()) failure_ = "a quoted cell has no end within the limit of a row";
}

void CsvReader::read_plain(std::string& cell) {
  while (peek() >= 0) {
    std::size_t at = begin_;
    while (at < end_ && buffer_[at] != delimiter_ && buffer_[at] != '\n') ++at;
    cell.append(buffer_.data() + begin_, at - begin_);
    row_bytes_ += at - begin_;
    begin_ = at;
    if (at < end_ || row_bytes_ > kRowBytesMax) return;
  }
}

// False for an empty line and at the end of the file.
bool CsvReader::read_row(std::vector<std::string>& cells, std::size_t& count) {
  bool quoted = false;
  while (true) {
    if (count == cells.size()) cells.emplace_back();
    std::string& cell = cells[count++];
    cell.clear();
    if (peek() == '"') {
      quoted = true;
      read_quoted(cell);
    }
    const std::size_t quoted_bytes = cell.size();
    // Also what stands after a closing quote, against the rules.
    read_plain(cell);
    if (peek() == delimiter_ && row_bytes_ <= kRowBytesMax) {
      ++begin_;
      ++row_bytes_;
      continue;
    }
    if (cell.size() > quoted_bytes && cell.back() == '\r') cell.pop_back();
    return quoted || count > 1 || !cells[0].empty();
  }
}

Result<bool> CsvReader::next(std::vector<std::string>& cells) {
  bool row = false;
  std::size_t count = 0;
  do {
    row_line_ = line_;
    row_bytes_ = 0;
    count = 0;
    if (peek() >= 0) row = read_row(cells, count);
    if (row_bytes_ > kRowBytesMax) return error("the row is longer than 1 MiB; is this a CSV file?");
    if (peek() == '\n') {
      ++begin_;
      ++line_;
    } else if (!failure_.empty()) {
      return error("cannot be read: " + failure_);
    } else if (!row) {
      return false;
    }
  } while (!row);
  cells.resize(count);
  return true;
}

}  // namespace sluice::drivers
