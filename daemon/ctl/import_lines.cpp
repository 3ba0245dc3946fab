#include "ctl/import_lines.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "decode/name_template.h"
#include "decode/payload_time.h"

namespace sluice {

namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<double> number_of(std::string_view text) {
  if (text == "true") return 1;
  if (text == "false") return 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value + 0.0;
}

std::optional<std::int64_t> time_of(std::string_view text) {
  if (auto time_ms = time_of_text(text, TimeFormat::kAuto)) return time_ms;
  return parse_rfc3339(text, true);
}

// `text` with each {x} put in; what x is nothing for is returned in `missing`.
template <class ValueOf>
std::string expand(std::string_view text, const ValueOf& value_of, std::string& missing) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find('{');
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return out.append(text);
    out += text.substr(0, open);
    const std::string name(text.substr(open + 1, close - open - 1));
    if (const std::string* value = value_of(name)) {
      out += *value;
    } else {
      missing = name;
    }
    text.remove_prefix(close + 1);
  }
  return out;
}

}  // namespace

ReadingLines::ReadingLines(std::istream& in, ImportFormat format) : in_(in), format_(std::move(format)) {
  if (format_.values.empty()) format_.values = {"value"};
}

bool ReadingLines::read_line(std::string& line) {
  if (!std::getline(in_, line)) return false;
  ++lines_read_;
  if (lines_read_ == 1 && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

// A quoted cell may go on in the next line.
bool ReadingLines::read_cells(std::vector<std::string>& cells, std::string& fault) {
  cells.assign(1, "");
  if (!read_line(text_)) return false;
  line_ = lines_read_;
  bool quoted = false;
  std::size_t bytes = 0;
  for (;;) {
    bytes += text_.size();
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (quoted && c == '"' && i + 1 < text_.size() && text_[i + 1] == '"') {
        cells.back() += c;
        ++i;
      } else if (c == '"' && (quoted || cells.back().empty())) {
        quoted = !quoted;
      } else if (c == format_.separator && !quoted) {
        cells.emplace_back();
      } else {
        cells.back() += c;
      }
    }
    if (!quoted) return true;
    if (bytes > kLineBytesMax || !read_line(text_)) {
      fault = "a quotation mark is not closed";
      return true;
    }
    cells.back() += '\n';
  }
}

Status ReadingLines::begin() {
  const bool has_column = format_.sensor.find("{column}") != std::string::npos;
  if (format_.values.size() > 1 && !has_column) {
    return make_error(ErrorCode::kInvalid,
                      "several values a line need sensors of their own: --sensor 'name/{column}'");
  }
  if (format_.kind == ImportFormat::Kind::kValues) {
    const bool fixed = format_.sensor.find('{') == std::string::npos;
    if (fixed && format_.every && format_.every->count() > 0 && format_.from_ms > 0) return {};
    return make_error(ErrorCode::kInvalid, "one number a line needs --sensor NAME, --from TIME and --every");
  }
  if (format_.kind == ImportFormat::Kind::kNdjson) return {};
  std::string fault;
  if (!read_cells(header_, fault) || !fault.empty()) {
    return make_error(ErrorCode::kInvalid, "the file has no header line with the names of its columns");
  }
  for (std::string& name : header_) name = trimmed(name);
  std::vector<std::string> wanted = format_.values;
  wanted.push_back(format_.time);
  for (const std::string& name : wanted) {
    if (std::find(header_.begin(), header_.end(), name) != header_.end()) continue;
    std::string known;
    for (const std::string& column : header_) known += (known.empty() ? "" : ", ") + column;
    return make_error(ErrorCode::kInvalid, "the header has no column \"" + name + "\" but " + known +
                                               "; name the columns with --time, --value and --sensor");
  }
  return {};
}

bool ReadingLines::read_record(Record& record, std::string& fault) {
  if (format_.kind == ImportFormat::Kind::kCsv) {
    std::vector<std::string> cells;
    if (!read_cells(cells, fault)) return false;
    if (cells.size() > header_.size()) fault = "there are more cells than columns";
    for (std::size_t i = 0; i < std::min(cells.size(), header_.size()); ++i) {
      record[header_[i]] = trimmed(cells[i]);
    }
    return true;
  }
  if (!read_line(text_)) return false;
  line_ = lines_read_;
  if (trimmed(text_).empty()) return true;
  const auto json = nlohmann::json::parse(text_, nullptr, false);
  if (!json.is_object()) {
    fault = "it is no JSON object";
    return true;
  }
  for (auto member = json.begin(); member != json.end(); ++member) {
    const nlohmann::json& value = member.value();
    if (value.is_string()) {
      record[member.key()] = value.get<std::string>();
    } else if (value.is_structured()) {
      record[member.key()] = value.is_array() ? "[…]" : "{…}";  // however deep: writing it out recurses
    } else if (!value.is_null()) {
      record[member.key()] = value.dump();
    }
  }
  return true;
}

void ReadingLines::take_record(const Record& record, std::vector<ImportedValue>& values,
                               std::string& fault) const {
  const auto time = record.find(format_.time);
  const auto time_ms = time == record.end() ? std::nullopt : time_of(time->second);
  if (!time_ms) {
    fault = time == record.end() ? "there is no " + format_.time : "\"" + time->second + "\" is no time";
    return;
  }
  for (const std::string& column : format_.values) {
    const auto cell = record.find(column);
    if (cell == record.end() || cell->second.empty()) continue;
    const auto number = number_of(cell->second);
    if (!number) {
      fault = "\"" + cell->second + "\" is no number";
      return;
    }
    std::string missing;
    const std::string sensor = expand(
        format_.sensor,
        [&](const std::string& name) -> const std::string* {
          if (name == "column") return &column;
          auto found = record.find(name);
          return found == record.end() ? nullptr : &found->second;
        },
        missing);
    if (!missing.empty()) fault = "there is no " + missing + ", which --sensor asks for";
    if (missing.empty() && !is_sensor_name(sensor)) fault = "\"" + sensor + "\" can be no sensor";
    if (!fault.empty()) return;
    const auto unit = record.find("unit");
    const bool has_unit = format_.unit.empty() && unit != record.end();
    values.push_back({sensor, has_unit ? unit->second : format_.unit, *time_ms, *number});
  }
  if (values.empty()) fault = "there is no value";
}

void ReadingLines::take_number(const std::string& text, std::vector<ImportedValue>& values,
                               std::string& fault) const {
  const auto number = number_of(trimmed(text));
  if (!number) {
    fault = "\"" + text + "\" is no number";
    return;
  }
  const std::int64_t after_ms = static_cast<std::int64_t>(numbers_ - 1) * format_.every->count();
  values.push_back({format_.sensor, format_.unit, format_.from_ms + after_ms, *number});
}

bool ReadingLines::next(std::vector<ImportedValue>& values, std::string& fault) {
  values.clear();
  fault.clear();
  if (format_.kind == ImportFormat::Kind::kValues) {
    if (!read_line(text_)) return false;
    line_ = lines_read_;
    ++numbers_;
    if (!trimmed(text_).empty()) take_number(text_, values, fault);
    return true;
  }
  Record record;
  if (!read_record(record, fault)) return false;
  const bool blank =
      std::all_of(record.begin(), record.end(), [](const auto& c) { return c.second.empty(); });
  if (fault.empty() && !blank) take_record(record, values, fault);
  if (!fault.empty()) values.clear();
  return true;
}

}  // namespace sluice
