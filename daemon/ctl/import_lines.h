// ReadingLines: readings of a text file. CSV (RFC 4180) with a header, JSON lines, or one number a line. A
// line that is no reading is said so and the next one goes on. Times are what decode/payload_time.h takes,
// or RFC 3339 without an offset, which is UTC then. Values are taken as they are: no calibration, no limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <istream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sluice {

struct ImportFormat {
  enum class Kind { kCsv, kNdjson, kValues };
  Kind kind = Kind::kCsv;
  std::string time = "time";
  std::vector<std::string> values;  // empty: "value"
  std::string sensor = "{sensor}";  // {x}: what column x says; {column}: the name of the value's column
  std::string unit;                 // empty: what column "unit" says
  char separator = ',';
  std::int64_t from_ms = 0;  // kValues: the time of the first line
  std::optional<std::chrono::milliseconds> every;
};

struct ImportedValue {
  std::string sensor;
  std::string unit;
  std::int64_t time_ms = 0;
  double value = 0;
};

class ReadingLines {
 public:
  static constexpr std::size_t kLineBytesMax = 1u << 20;

  ReadingLines(std::istream& in, ImportFormat format);
  Status begin();  // reads the header; kInvalid: the file or the format cannot be right
  // The values of the next line, or what is wrong with it. False: there is no more.
  bool next(std::vector<ImportedValue>& values, std::string& fault);
  std::uint64_t line() const { return line_; }  // where what next() gave begins; the first is 1

 private:
  using Record = std::map<std::string, std::string, std::less<>>;
  bool read_line(std::string& line);
  bool read_cells(std::vector<std::string>& cells, std::string& fault);
  bool read_record(Record& record, std::string& fault);
  void take_number(const std::string& text, std::vector<ImportedValue>& values, std::string& fault) const;
  void take_record(const Record& record, std::vector<ImportedValue>& values, std::string& fault) const;

  std::istream& in_;
  ImportFormat format_;
  std::vector<std::string> header_;
  std::uint64_t line_ = 0;
  std::uint64_t lines_read_ = 0;
  std::uint64_t numbers_ = 0;
  std::string text_;
};

}  // namespace sluice
