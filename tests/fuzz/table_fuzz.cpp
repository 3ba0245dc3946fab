// Any bytes as a table: the rows that the replay driver reads, what it would publish of them, and the
// readings that `sluicectl import` takes, from CSV, JSON lines and bare numbers.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "ctl/import_lines.h"
#include "decode/utf8.h"
#include "drivers/replay/csv_reader.h"
#include "drivers/replay/row_mapping.h"

namespace {

using sluice::ImportFormat;
using sluice::drivers::CsvReader;
using sluice::drivers::MappingSettings;
using sluice::drivers::RowMapping;
using Row = std::vector<std::string>;

// A file in memory, since the reader of tables opens files.
class File {
 public:
  explicit File(std::string_view bytes) : fd_(::memfd_create("table", MFD_CLOEXEC)) {
    SLUICE_CHECK(::write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "written");
  }
  ~File() { ::close(fd_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

std::vector<Row> rows_of(std::string_view bytes, char delimiter, bool& whole) {
  const File file(bytes);
  auto reader = CsvReader::open(file.path(), delimiter);
  SLUICE_CHECK(reader.ok(), "a file that is there is opened");
  std::vector<Row> rows;
  Row cells;
  std::uint64_t line = 0;
  for (;;) {
    const auto more = (*reader)->next(cells);
    whole = more.ok();
    if (!more.ok() || !*more) return rows;
    SLUICE_CHECK((*reader)->line() > line, "every row begins on a later line");
    line = (*reader)->line();
    SLUICE_CHECK(!cells.empty(), "a row has cells");
    rows.push_back(cells);
  }
}

std::string written(const std::vector<Row>& rows, char delimiter) {
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) text += delimiter;
      text += '"';
      for (const char c : row[i]) text += c == '"' ? "\"\"" : std::string(1, c);
      text += '"';
    }
    text += "\r\n";
  }
  return text;
}

void read_rows(std::string_view bytes, char delimiter) {
  bool whole = false;
  const std::vector<Row> rows = rows_of(bytes, delimiter, whole);
  const std::string again = written(rows, delimiter);
  SLUICE_CHECK(rows_of(again, delimiter, whole) == rows && whole, again.c_str());
}

void map_rows(std::string_view bytes) {
  bool whole = false;
  const std::vector<Row> rows = rows_of(bytes, ',', whole);
  if (rows.empty()) return;
  const Row& header = rows.front();
  MappingSettings settings;
  settings.topic = "rooms/{" + header.front() + "}/climate";
  if (std::find(header.begin(), header.end(), "time") != header.end()) settings.time_column = "time";
  for (const auto format : {sluice::drivers::TimeFormat::kSeconds, sluice::drivers::TimeFormat::kRfc3339}) {
    settings.time_format = format;
    settings.time_written = sluice::drivers::TimeWritten::kRfc3339;
    const auto mapping = RowMapping::make(settings, header);
    if (!mapping.ok()) return;
    for (const Row& row : rows) {
      const auto mapped = mapping->map(row);
      if (!mapped.ok()) continue;
      SLUICE_CHECK(mapped->sample.topic.find_first_of("+#") == std::string::npos, "no wildcard is published");
      if (!sluice::is_utf8(mapped->sample.payload)) continue;
      const auto json = nlohmann::json::parse(mapped->sample.payload, nullptr, false);
      SLUICE_CHECK(json.is_object() || mapped->sample.payload.size() > 300, mapped->sample.payload.c_str());
      if (!mapped->time_ms) continue;
      const std::string time = mapped->sample.payload.substr(9, 24);
      SLUICE_CHECK(
          sluice::drivers::parse_time_ms(time, sluice::drivers::TimeFormat::kRfc3339) == mapped->time_ms,
          mapped->sample.payload.c_str());
    }
  }
}

void import_lines(const std::string& text, const ImportFormat& format) {
  const std::uint64_t lines = static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) +
                              (text.empty() || text.ends_with('\n') ? 0 : 1);
  std::istringstream in(text);
  sluice::ReadingLines reader(in, format);
  if (!reader.begin().ok()) return;
  std::vector<sluice::ImportedValue> values;
  std::string fault;
  std::uint64_t taken = 0, line = 0;
  while (reader.next(values, fault)) {
    ++taken;
    SLUICE_CHECK(reader.line() > line && reader.line() <= lines, "a record begins on a line of the file");
    line = reader.line();
    SLUICE_CHECK(fault.empty() || values.empty(), "a line with a fault has no readings");
    for (const sluice::ImportedValue& value : values) {
      SLUICE_CHECK(std::isfinite(value.value), "a value is finite");
      SLUICE_CHECK(!value.sensor.empty() && sluice::is_utf8(value.sensor), "a sensor has a name");
    }
  }
  const bool spans = format.kind == ImportFormat::Kind::kCsv;  // a quoted cell may hold line breaks
  SLUICE_CHECK(spans ? taken < lines : taken == lines, "every line is taken once");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const char delimiter : {',', ';'}) read_rows(bytes, delimiter);
  map_rows(bytes);
  const std::string text(bytes);
  ImportFormat format;
  import_lines(text, format);
  format.separator = ';';
  format.values = {"temperature", "humidity"};
  format.sensor = "rooms/{room}/{column}";
  import_lines(text, format);
  format.kind = ImportFormat::Kind::kNdjson;
  import_lines(text, format);
  format.kind = ImportFormat::Kind::kValues;
  format.values.clear();
  format.sensor = "pond";
  format.from_ms = 1772366400000;
  format.every = std::chrono::minutes(10);
  import_lines(text, format);
  return 0;
}
