#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "app/view_json.h"
#include "base/counted.h"
#include "base/time_text.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

constexpr std::int64_t kLastMs = 253402300799999;   // 9999-12-31
constexpr std::int64_t kFirstMs = -62135596800000;  // 0001-01-01
constexpr std::uint64_t kProgressRows = 100000;

// RFC 4180: what holds a separator, a quote or a line end is quoted.
std::string csv_text(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

struct Columns {
  std::string sensor;  // as the format writes them
  std::string unit;
};

std::string csv_line(const Columns& of, const Reading& reading) {
  return fmt::format("{},{},{},{},{}\n", format_rfc3339(reading.time_ms), of.sensor, reading.value, of.unit,
                     reading.flags);
}

std::string ndjson_line(const Columns& of, const Reading& reading) {
  return fmt::format(R"({{"time":"{}","sensor":{},"value":{},"unit":{},"flags":{}}})"
                     "\n",
                     format_rfc3339(reading.time_ms), of.sensor, reading.value, of.unit, reading.flags);
}

std::unordered_map<SensorId, Columns> wanted_sensors(const std::vector<SummarySensor>& sensors,
                                                     const std::string& filter, bool csv) {
  const auto text = [csv](const std::string& raw) {
    return csv ? csv_text(raw)
               : nlohmann::json(raw).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  };
  std::unordered_map<SensorId, Columns> wanted;
  for (const SummarySensor& sensor : sensors) {
    if (filter.empty() || topic_matches(filter, sensor.name)) {
      wanted[sensor.id] = {text(sensor.name), text(sensor.unit)};
    }
  }
  return wanted;
}

int write_rows(const CommandContext& context, StoreView& view, std::ostream& out) {
  auto sensors = view.sensors();
  if (!sensors) return fail(context, sensors.error());
  auto waiting = waiting_for_clock(view);
  if (!waiting) return fail(context, waiting.error());
  const bool csv = context.line.format == "csv" && !context.line.json;
  const auto wanted = wanted_sensors(*sensors, context.line.filter, csv);
  if (wanted.empty() && !context.line.filter.empty()) {
    return fail(context, make_error(ErrorCode::kNotFound, "no sensor matches \"" + context.line.filter +
                                                              "\"; sluicectl sensors lists those there are"));
  }
  if (csv) out << "time,sensor,value,unit,flags\n";
  const bool show_progress = ::isatty(STDERR_FILENO) != 0;
  std::uint64_t seen = 0;
  std::uint64_t written = 0;
  Status visited = view.visit_rows(
      context.line.from_ms.value_or(kFirstMs), context.line.to_ms.value_or(kLastMs),
      [&](const Reading& reading) {
        if (show_progress && ++seen % kProgressRows == 0) {
          context.err << fmt::format("\r{} rows read, {} written  ", seen, written) << std::flush;
        }
        auto found = wanted.find(reading.sensor);
        if (found == wanted.end() || !out) return;
        out << (csv ? csv_line(found->second, reading) : ndjson_line(found->second, reading));
        ++written;
      });
  if (show_progress) context.err << "\r\x1b[K";
  if (!visited.ok()) return fail(context, visited.error());
  out.flush();
  if (!out) {
    return fail(context,
                make_error(ErrorCode::kIo, "cannot write everything; is the disk full, or the reader gone?"));
  }
  context.err << fmt::format("{}\n", counted(written, "reading"));
  if (*waiting > 0) context.err << fmt::format("not among them: {}\n", waiting_text(*waiting));
  return kExitFine;
}

// What has its final name is complete.
int write_file(const CommandContext& context, StoreView& view) {
  const std::string& to = context.line.file;
  const std::string partial = to + ".partial";
  std::ofstream file(partial, std::ios::binary);
  if (!file) return fail(context, make_error(ErrorCode::kIo, "cannot make the file " + partial));
  const int written = write_rows(context, view, file);
  file.close();
  if (written == kExitFine && ::rename(partial.c_str(), to.c_str()) == 0) return kExitFine;
  ::unlink(partial.c_str());
  if (written != kExitFine) return written;
  return fail(context, make_error(ErrorCode::kIo, "cannot name the file " + to));
}

}  // namespace

int run_export(const CommandContext& context) {
  const CommandLine& line = context.line;
  if (line.from_ms && line.to_ms && *line.from_ms >= *line.to_ms) {
    context.err << "sluicectl: --from must be before --to\n";
    return kExitUsage;
  }
  Result<std::unique_ptr<StoreView>> view = context.gateway.open_database();
  if (!view) return fail(context, view.error());
  if (line.file.empty() || line.file == "-") return write_rows(context, **view, context.out);
  if (::access(line.file.c_str(), F_OK) == 0) {
    return fail(context, make_error(ErrorCode::kRefused,
                                    line.file + " is there already and stays as it is; name another "
                                                "file"));
  }
  return write_file(context, **view);
}

}  // namespace sluice
