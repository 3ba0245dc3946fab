// From a row of cells to a sample: the topic is a template over columns, the payload a JSON object with the
// row's time and one member a mapped cell that is not empty. Plain functions of their input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "drivers/driver.h"

namespace sluice::drivers {

enum class TimeFormat { kSeconds, kMilliseconds, kMicroseconds, kNanoseconds, kRfc3339 };
enum class TimeWritten { kAsInFile, kRfc3339, kNone };

struct MappingSettings {
  std::string topic;                                   // "rooms/{node}/climate"
  std::string time_column;                             // empty: the rows carry no time
  TimeFormat time_format = TimeFormat::kMilliseconds;  // a time without an offset counts as UTC
  TimeWritten time_written = TimeWritten::kAsInFile;
  std::vector<std::pair<std::string, std::string>> fields;  // JSON member, column; empty: every other column
};

std::optional<std::int64_t> parse_time_ms(std::string_view text, TimeFormat format);

class RowMapping {
 public:
  struct Row {
    std::optional<std::int64_t> time_ms;
    Sample sample;
  };

  // kInvalid names the column that the header does not have.
  static Result<RowMapping> make(const MappingSettings& settings, const std::vector<std::string>& header);

  Result<Row> map(const std::vector<std::string>& cells) const;  // an error says why the row cannot be sent

 private:
  struct TopicPart {
    std::string text;
    std::optional<std::size_t> column;  // absent: text
  };
  struct Field {
    std::string name;
    std::size_t column;
  };
  Result<std::string> topic_of(const std::vector<std::string>& cells) const;

  std::vector<TopicPart> topic_;
  std::optional<std::size_t> time_column_;
  TimeFormat time_format_ = TimeFormat::kMilliseconds;
  TimeWritten time_written_ = TimeWritten::kAsInFile;
  std::vector<Field> fields_;
  std::size_t columns_ = 0;
};

}  // namespace sluice::drivers
