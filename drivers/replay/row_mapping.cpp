#include "drivers/replay/row_mapping.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json_text.h"
#include "base/time_text.h"

namespace sluice::drivers {

namespace {

Result<std::size_t> find_column(const std::vector<std::string>& header, std::string_view name) {
  auto found = std::find(header.begin(), header.end(), name);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  std::string columns;
  for (const std::string& column : header) columns += (columns.empty() ? "" : ", ") + column;
  return make_error(ErrorCode::kInvalid,
                    "there is no column '" + std::string(name) + "'; the file's header has " + columns);
}

double units_per_ms(TimeFormat format) {
  switch (format) {
    case TimeFormat::kSeconds:
      return 0.001;
    case TimeFormat::kMicroseconds:
      return 1e3;
    case TimeFormat::kNanoseconds:
      return 1e6;
    case TimeFormat::kMilliseconds:
    case TimeFormat::kRfc3339:
      break;
  }
  return 1;
}

// RFC 3339 writes a year with four digits.
std::optional<std::int64_t> within_years(std::optional<std::int64_t> time_ms) {
  constexpr std::int64_t kYear0Ms = -62167219200000;
  constexpr std::int64_t kYear10000Ms = 253402300800000;
  return time_ms && *time_ms >= kYear0Ms && *time_ms < kYear10000Ms ? time_ms : std::nullopt;
}

bool used_elsewhere(const MappingSettings& settings, const std::string& column) {
  return column == settings.time_column || settings.topic.find("{" + column + "}") != std::string::npos;
}

}  // namespace

std::optional<std::int64_t> parse_time_ms(std::string_view text, TimeFormat format) {
  if (format == TimeFormat::kRfc3339) return within_years(parse_rfc3339(text, /*assume_utc=*/true));
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  double ms = std::floor(number / units_per_ms(format) + 1e-4);
  if (!(std::abs(ms) < 9e15)) return std::nullopt;
  return within_years(static_cast<std::int64_t>(ms));
}

Result<RowMapping> RowMapping::make(const MappingSettings& settings, const std::vector<std::string>& header) {
  RowMapping mapping;
  mapping.columns_ = header.size();
  mapping.time_format_ = settings.time_format;
  mapping.time_written_ = settings.time_written;
  if (!settings.time_column.empty()) {
    Result<std::size_t> column = find_column(header, settings.time_column);
    if (!column) return column.error();
    mapping.time_column_ = *column;
  }

  std::string_view rest = settings.topic;
  while (!rest.empty()) {
    std::size_t open = rest.find('{');
    std::size_t close = rest.find('}', open == std::string_view::npos ? 0 : open);
    if (open == std::string_view::npos || close == std::string_view::npos) {
      mapping.topic_.push_back({std::string(rest), std::nullopt});
      break;
    }
    if (open > 0) mapping.topic_.push_back({std::string(rest.substr(0, open)), std::nullopt});
    Result<std::size_t> column = find_column(header, rest.substr(open + 1, close - open - 1));
    if (!column) return column.error();
    mapping.topic_.push_back({"", *column});
    rest.remove_prefix(close + 1);
  }

  for (const auto& [field, name] : settings.fields) {
    Result<std::size_t> column = find_column(header, name);
    if (!column) return column.error();
    mapping.fields_.push_back({field, *column});
  }
  if (settings.fields.empty())
    for (std::size_t column = 0; column < header.size(); ++column)
      if (!used_elsewhere(settings, header[column])) mapping.fields_.push_back({header[column], column});
  return mapping;
}

Result<std::string> RowMapping::topic_of(const std::vector<std::string>& cells) const {
  std::string topic;
  for (const TopicPart& part : topic_) {
    if (!part.column) {
      topic += part.text;
    } else if (*part.column >= cells.size() || cells[*part.column].empty()) {
      return make_error(ErrorCode::kInvalid, "a column of the topic is empty");
    } else {
      topic += cells[*part.column];
    }
  }
  if (topic.find_first_of(std::string_view("+#\0", 3)) != std::string::npos)
    return make_error(ErrorCode::kInvalid, "the topic '" + topic + "' holds a wildcard");
  return topic;
}

Result<RowMapping::Row> RowMapping::map(const std::vector<std::string>& cells) const {
  if (cells.size() > columns_)
    return make_error(ErrorCode::kInvalid, "the row has more cells than the header has columns");
  Row row;
  Result<std::string> topic = topic_of(cells);
  if (!topic) return topic.error();
  row.sample.topic = std::move(*topic);

  std::string& payload = row.sample.payload;
  payload = "{";
  if (time_column_) {
    const std::string text = *time_column_ < cells.size() ? cells[*time_column_] : "";
    row.time_ms = parse_time_ms(text, time_format_);
    if (!row.time_ms) return make_error(ErrorCode::kInvalid, "the time '" + text + "' cannot be read");
    if (time_written_ == TimeWritten::kAsInFile) {
      payload += "\"time\":";
      append_json_value(payload, text);
    } else if (time_written_ == TimeWritten::kRfc3339) {
      payload += "\"time\":\"" + format_rfc3339(*row.time_ms) + "\"";
    }
  }
  bool any = false;
  for (const Field& field : fields_) {
    if (field.column >= cells.size() || cells[field.column].empty()) continue;
    if (payload.size() > 1) payload += ',';
    append_json_string(payload, field.name);
    payload += ':';
    append_json_value(payload, cells[field.column]);
    any = true;
  }
  if (!any) return make_error(ErrorCode::kInvalid, "the row has no value");
  payload += '}';
  return row;
}

}  // namespace sluice::drivers
