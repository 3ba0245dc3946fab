#include "drivers/replay/replay_driver.h"

#include <charconv>

#include "base/counted.h"
#include "base/time_text.h"

namespace sluice::drivers {

namespace {

constexpr int kRowsInPoll = 512;  // then the other drivers and the signals have their turn
constexpr std::int64_t kProgressEveryMs = 10'000;

double parse_speed(ConfigSection& section) {
  std::string text = section.text("speed", "recorded");
  if (text == "recorded") return 1;
  if (text == "max") return 0;
  double factor = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), factor);
  if (error == std::errc() && std::string_view(end) == "x" && factor > 0 && factor < 1e9) return factor;
  section.reject("speed", "'speed' is '" + text + "'; expected recorded, max, or a factor such as 60x");
  return 1;
}

TimeFormat parse_time_format(ConfigSection& time) {
  std::string name = time.one_of("format", {"ms", "s", "us", "ns", "rfc3339"}, "ms");
  if (name == "s") return TimeFormat::kSeconds;
  if (name == "us") return TimeFormat::kMicroseconds;
  if (name == "ns") return TimeFormat::kNanoseconds;
  if (name == "rfc3339") return TimeFormat::kRfc3339;
  return TimeFormat::kMilliseconds;
}

TimeWritten parse_time_written(ConfigSection& time) {
  std::string name = time.one_of("write", {"file", "rfc3339", "none"}, "file");
  if (name == "rfc3339") return TimeWritten::kRfc3339;
  if (name == "none") return TimeWritten::kNone;
  return TimeWritten::kAsInFile;
}

}  // namespace

ReplaySettings read_replay_settings(ConfigSection& section) {
  ReplaySettings settings;
  settings.name = section.text("name", "replay");
  settings.file = section.required_text("file");
  std::string delimiter = section.text("delimiter", ",");
  if (delimiter == "\\t" || delimiter == "tab") delimiter = "\t";
  if (delimiter.size() != 1 || delimiter == "\"" || delimiter == "\n") {
    section.reject("delimiter", "'delimiter' needs one character, or 'tab'");
    delimiter = ",";
  }
  settings.delimiter = delimiter[0];
  settings.mapping.topic = section.required_text("topic");
  if (section.has("time")) {
    ConfigSection time = section.section("time");
    settings.mapping.time_column = time.required_text("column");
    settings.mapping.time_format = parse_time_format(time);
    settings.mapping.time_written = parse_time_written(time);
  }
  settings.mapping.fields = section.pairs("fields");
  settings.speed = parse_speed(section);
  settings.interval_ms = section.duration_ms("interval", 0);
  if (settings.mapping.time_column.empty() && settings.interval_ms == 0 && settings.speed > 0)
    section.reject("speed", "rows without a 'time' need an 'interval', or 'speed: max'");
  settings.loop = section.flag("loop", false);
  settings.start = static_cast<std::uint64_t>(section.integer("start", 0, 0, INT64_MAX));
  settings.limit = static_cast<std::uint64_t>(section.integer("limit", 0, 0, INT64_MAX));
  return settings;
}

Status ReplayDriver::skip_rows(std::uint64_t count) {
  for (std::uint64_t row = 0; row < count; ++row) {
    Result<bool> more = reader_->next(cells_);
    if (!more) return more.error();
    if (!*more) break;
  }
  return {};
}

Status ReplayDriver::open(Instant now) {
  Result<std::unique_ptr<CsvReader>> reader = CsvReader::open(settings_.file, settings_.delimiter);
  if (!reader) return reader.error();
  reader_ = std::move(*reader);
  Result<bool> header = reader_->next(cells_);
  if (!header) return header.error();
  if (!*header)
    return make_error(ErrorCode::kInvalid, settings_.file + " is empty; its first row must name the columns");
  Result<RowMapping> mapping = RowMapping::make(settings_.mapping, cells_);
  if (!mapping) return make_error(ErrorCode::kInvalid, settings_.file + ": " + mapping.error().context);
  mapping_ = std::move(*mapping);
  reported_boot_ms_ = now.boot_ms;
  reported_rows_ = rows_sent_;
  return skip_rows(settings_.start + rows_taken_);
}

std::int64_t ReplayDriver::due_boot_ms(const RowMapping::Row& row, Instant now) {
  if (settings_.speed <= 0) return now.boot_ms;
  std::int64_t time_ms = row.time_ms.value_or(last_time_ms_ + settings_.interval_ms);
  last_time_ms_ = time_ms;
  if (!first_time_ms_) {
    first_time_ms_ = time_ms;
    first_boot_ms_ = now.boot_ms;
  }
  return first_boot_ms_ +
         static_cast<std::int64_t>(static_cast<double>(time_ms - *first_time_ms_) / settings_.speed);
}

Status ReplayDriver::read_due(Instant now) {
  while (settings_.limit == 0 || rows_taken_ < settings_.limit) {
    Result<bool> more = reader_->next(cells_);
    if (!more) return more.error();
    if (!*more) return {};
    ++rows_taken_;
    Result<RowMapping::Row> row = mapping_->map(cells_);
    if (row) {
      due_ = Due{std::move(row->sample), due_boot_ms(*row, now)};
      return {};
    }
    // The first is shown, the rest are counted.
    if (rows_skipped_++ == 0)
      log_.warning("{}: {} line {} is left out: {}", settings_.name, settings_.file, reader_->line(),
                   row.error().context);
  }
  return {};
}

Status ReplayDriver::end_pass(Instant now) {
  log_.info("{}: end of {}: {} sent, {} left out", settings_.name, settings_.file, counted(rows_sent_, "row"),
            rows_skipped_);
  if (!settings_.loop) {
    done_ = true;
    return {};
  }
  if (rows_sent_ == rows_sent_before_pass_)
    return make_error(ErrorCode::kInvalid,
                      settings_.file + " has no row that can be sent; it is not repeated");
  rows_sent_before_pass_ = rows_sent_;
  rows_taken_ = 0;
  first_time_ms_.reset();
  return open(now);
}

void ReplayDriver::report_progress(Instant now) {
  std::int64_t elapsed_ms = now.boot_ms - reported_boot_ms_;
  if (elapsed_ms < kProgressEveryMs) return;
  auto rate = (rows_sent_ - reported_rows_) * 1000 / static_cast<std::uint64_t>(elapsed_ms);
  if (settings_.mapping.time_column.empty() || settings_.speed <= 0) {
    log_.info("{}: {} sent, {} a second", settings_.name, counted(rows_sent_, "row"), rate);
  } else {
    log_.info("{}: {} sent, {} a second, now at {}", settings_.name, counted(rows_sent_, "row"), rate,
              format_rfc3339(last_time_ms_));
  }
  reported_boot_ms_ = now.boot_ms;
  reported_rows_ = rows_sent_;
}

Result<Next> ReplayDriver::poll(Instant now, Output& output) {
  report_progress(now);
  for (int row = 0; row < kRowsInPoll && !done_; ++row) {
    if (!due_) {
      if (Status read = read_due(now); !read) return read.error();
      if (!due_) {
        if (Status ended = end_pass(now); !ended) return ended.error();
        continue;
      }
    }
    if (!output.has_room()) return Next::when_room();
    if (due_->at_boot_ms > now.boot_ms) return Next::at(due_->at_boot_ms);
    output.push(std::move(due_->sample));
    due_.reset();
    ++rows_sent_;
  }
  return done_ ? Next::done() : Next::at(now.boot_ms);
}

}  // namespace sluice::drivers
