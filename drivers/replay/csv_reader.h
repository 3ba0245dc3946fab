// Reads a CSV file row by row, plain or gzip: RFC 4180 quoting (with line breaks inside quotes), LF or CRLF,
// an optional byte order mark, empty lines left out. One row is held in memory at a time, and a row has a
// limit, so that a file that is no CSV costs no memory. The driver that reads the file owns it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

struct gzFile_s;

namespace sluice::drivers {

class CsvReader {
 public:
  static constexpr std::size_t kRowBytesMax = 1 << 20;

  static Result<std::unique_ptr<CsvReader>> open(const std::string& path, char delimiter);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // The next row's cells, or false at the end of the file. The strings of `cells` are reused.
  Result<bool> next(std::vector<std::string>& cells);
  std::uint64_t line() const { return row_line_; }  // where the last row began, from 1

 private:
  CsvReader(std::string path, gzFile_s* file, char delimiter);
  int peek();  // the next byte, or -1 at the end or after an error
  Error error(const std::string& what) const;
  bool read_row(std::vector<std::string>& cells, std::size_t& count);
  void read_quoted(std::string& cell);
  void read_plain(std::string& cell);

  std::string path_;
  gzFile_s* file_;
  char delimiter_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // unread bytes of the buffer: [begin_, end_)
  std::size_t end_ = 0;
  std::uint64_t line_ = 1;
  std::uint64_t row_line_ = 0;
  std::size_t row_bytes_ = 0;
  std::string failure_;  // empty: none
};

}  // namespace sluice::drivers
