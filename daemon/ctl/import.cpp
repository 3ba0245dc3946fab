#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "app/store_setup.h"
#include "base/counted.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/import_lines.h"
#include "ctl/stop_signals.h"

namespace sluice {

namespace {

constexpr std::size_t kPieceRows = 50000;  // looked up and written at a time
constexpr std::size_t kBatchRows = 5000;
constexpr std::size_t kBadLinesMax = 100;  // listed
constexpr std::int64_t kClockBehindMs = 3600 * 1000;

// The lock of the state directory, for as long as it lives.
class StateLock {
 public:
  explicit StateLock(int fd) : fd_(fd) {}
  ~StateLock() { ::close(fd_); }
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;

 private:
  int fd_;
};

struct SameReading {
  bool operator()(const Reading& a, const Reading& b) const {
    return a.sensor == b.sensor && a.time_ms == b.time_ms && a.value == b.value;
  }
};
struct ReadingHash {
  std::size_t operator()(const Reading& reading) const {
    std::uint64_t key = std::hash<double>()(reading.value) ^ std::uint64_t{reading.sensor} << 40;
    key ^= static_cast<std::uint64_t>(reading.time_ms) * 0x9E3779B97F4A7C15ull;
    return static_cast<std::size_t>(key ^ key >> 32);  // a size_t of 32 bits gets something of both halves
  }
};
using ReadingSet = std::unordered_set<Reading, ReadingHash, SameReading>;

class Import {
 public:
  Import(const CommandContext& context, Store& store, StoreView& view, Checkpoint checkpoint)
      : context_(context),
        store_(store),
        view_(view),
        checkpoint_(std::move(checkpoint)),
        now_ms_(context.clock.now().wall_ms),
        show_progress_(!context.line.json && ::isatty(STDERR_FILENO) != 0) {
    for (const SensorRow& sensor : checkpoint_.sensors) {
      sensors_[sensor.name] = sensor.id;
      last_id_ = std::max(last_id_, sensor.id);
    }
  }

  Status run(ReadingLines& lines);
  int report(const Status& done) const;

 private:
  void note_bad(std::uint64_t line, const std::string& fault);
  void take(std::uint64_t line, const ImportedValue& value);
  Status store_piece();
  Status store_day(Day day, const std::vector<Reading>& rows);
  Status commit(Day day, const std::vector<Reading>& rows, std::size_t first, std::size_t last);
  void show_progress() const;

  const CommandContext& context_;
  Store& store_;
  StoreView& view_;
  Checkpoint checkpoint_;
  const std::int64_t now_ms_;
  const bool show_progress_;
  std::unordered_map<std::string, SensorId> sensors_;
  SensorId last_id_ = 0;
  std::vector<SensorRow> new_sensors_;
  std::vector<Reading> piece_;

  std::uint64_t lines_ = 0;
  std::uint64_t bad_ = 0;
  std::vector<std::pair<std::uint64_t, std::string>> bad_lines_;  // the first kBadLinesMax
  std::uint64_t imported_ = 0;
  std::uint64_t known_ = 0;
  std::set<Day> days_;
  bool stopped_ = false;
};

Status Import::run(ReadingLines& lines) {
  StopSignals stop;
  std::vector<ImportedValue> values;
  std::string fault;
  while (!stopped_ && lines.next(values, fault)) {
    ++lines_;
    if (!fault.empty()) note_bad(lines.line(), fault);
    for (const ImportedValue& value : values) take(lines.line(), value);
    if (piece_.size() < kPieceRows) continue;
    if (Status status = store_piece(); !status.ok()) return status;
    stopped_ = stop.came();
  }
  return store_piece();
}

void Import::note_bad(std::uint64_t line, const std::string& fault) {
  ++bad_;
  if (bad_lines_.size() < kBadLinesMax) bad_lines_.emplace_back(line, fault);
}

void Import::take(std::uint64_t line, const ImportedValue& value) {
  if (value.time_ms > now_ms_ + context_.settings.decode.max_future.count()) {
    return note_bad(line, "its time is in the future");
  }
  auto [sensor, is_new] = sensors_.try_emplace(value.sensor, last_id_ + 1);
  if (is_new && sensors_.size() > context_.settings.decode.max_sensors) {
    sensors_.erase(sensor);
    return note_bad(line, "there are too many sensors");
  }
  if (is_new) new_sensors_.push_back({++last_id_, value.sensor, value.unit, 0});
  Reading reading;
  reading.sensor = sensor->second;
  reading.flags = kPayloadTime | kImported;
  reading.time_ms = value.time_ms;
  reading.arrival_ms = now_ms_;
  reading.value = value.value;
  piece_.push_back(reading);
}

Status Import::store_piece() {
  std::map<Day, std::vector<Reading>> by_day;
  for (const Reading& reading : piece_) by_day[store_.calendar().day_of(reading.time_ms)].push_back(reading);
  piece_.clear();
  for (const auto& [day, rows] : by_day) {
    if (Status status = store_day(day, rows); !status.ok()) return status;
  }
  show_progress();
  return {};
}

// What is there already, or came before in the same piece, stays out.
Status Import::store_day(Day day, const std::vector<Reading>& rows) {
  ReadingSet wanted(rows.begin(), rows.end());
  const Calendar& calendar = store_.calendar();
  Status visited = view_.visit_rows(calendar.begin_ms(day), calendar.end_ms(day),
                                    [&](const Reading& stored) { wanted.erase(stored); });
  if (!visited.ok()) return visited;
  std::vector<Reading> missing;
  for (const Reading& row : rows) {
    if (wanted.erase(row) > 0) missing.push_back(row);
  }
  known_ += rows.size() - missing.size();
  if (!missing.empty()) days_.insert(day);
  for (std::size_t first = 0; first < missing.size(); first += kBatchRows) {
    Status status = commit(day, missing, first, std::min(missing.size(), first + kBatchRows));
    if (!status.ok()) return status;
  }
  return {};
}

Status Import::commit(Day day, const std::vector<Reading>& rows, std::size_t first, std::size_t last) {
  imported_ += last - first;
  if (context_.line.dry_run) return {};
  Batch batch;
  batch.clock = checkpoint_.clock;
  batch.new_sensors = new_sensors_;
  batch.readings.assign(rows.begin() + static_cast<std::ptrdiff_t>(first),
                        rows.begin() + static_cast<std::ptrdiff_t>(last));
  RunningTallies tallies;
  for (const Reading& reading : batch.readings) tallies.add(day, reading.sensor, reading.value);
  batch.tallies = tallies.take();
  Counts& counts = batch.counts[store_.calendar().day_of(now_ms_)];
  counts[Counter::kReadingsDecoded] = counts[Counter::kReadingsStored] = batch.readings.size();
  Status done = store_.import(batch);
  if (done.ok()) {
    new_sensors_.clear();
  } else {
    imported_ -= last - first;
  }
  return done;
}

void Import::show_progress() const {
  if (!show_progress_) return;
  context_.err << fmt::format("\r{} lines read, {} readings imported  ", lines_, imported_) << std::flush;
}

int Import::report(const Status& done) const {
  if (show_progress_) context_.err << "\r\x1b[K";
  if (context_.line.json) {
    nlohmann::ordered_json json = {{"lines", lines_},
                                   {"imported", imported_},
                                   {"known", known_},
                                   {"bad", bad_},
                                   {"days", days_.size()},
                                   {"complete", done.ok() && !stopped_},
                                   {"bad_lines", nlohmann::ordered_json::array()}};
    for (const auto& [line, fault] : bad_lines_) {
      json["bad_lines"].push_back({{"line", line}, {"fault", fault}});
    }
    context_.out << json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    for (const auto& [line, fault] : bad_lines_) context_.err << fmt::format("line {}: {}\n", line, fault);
    if (bad_ > bad_lines_.size()) context_.err << fmt::format("and {} more\n", bad_ - bad_lines_.size());
    context_.out << fmt::format(
        "{}: {} {}, {} there already, {}\n", counted(lines_, "line"), counted(imported_, "reading"),
        context_.line.dry_run ? "would be imported" : "imported", known_, counted(bad_, "bad line"));
    if (!days_.empty()) {
      context_.out << fmt::format("{}, {} to {}, to be summed by sluiced after its next start\n",
                                  counted(days_.size(), "day"), format_date(*days_.begin()),
                                  format_date(*days_.rbegin()));
    }
  }
  if (!done.ok()) {
    return fail(context_, make_error(done.error().code,
                                     done.error().context + "; run the same command again to go on"));
  }
  if (stopped_) context_.err << "stopped; run the same command again to go on\n";
  return bad_ > 0 || stopped_ ? kExitFindings : kExitFine;
}

int import_from(const CommandContext& context, std::istream& in) {
  ImportFormat format = context.line.import;
  format.from_ms = context.line.from_ms.value_or(0);
  ReadingLines lines(in, std::move(format));
  if (Status begun = lines.begin(); !begun.ok()) return fail(context, begun.error());
  Result<Calendar> calendar = Calendar::load(context.settings.gateway.timezone);
  if (!calendar) return fail(context, calendar.error());
  Log log(LogLevel::kWarning, Log::Style::kPlain);
  auto store = Store::open(store_settings(context.settings), *calendar, log);
  if (!store) return fail(context, store.error());
  auto checkpoint = (*store)->load_checkpoint({});
  if (!checkpoint) return fail(context, checkpoint.error());
  if (checkpoint->newest_row_ms > context.clock.now().wall_ms + kClockBehindMs) {
    return fail(context, make_error(ErrorCode::kRefused,
                                    "the database has readings that arrived later than the clock says it is; "
                                    "set the clock first"));
  }
  auto view = StoreView::open(context.gateway.database_path(), "", (*store)->calendar(), OnStore());
  if (!view) return fail(context, view.error());
  Import import(context, **store, **view, std::move(*checkpoint));
  const Status done = import.run(lines);
  const int exit_code = import.report(done);
  view->reset();
  if (Status closed = (*store)->close_cleanly(); !closed.ok()) return fail(context, closed.error());
  return exit_code;
}

}  // namespace

int run_import(const CommandContext& context) {
  const std::string& state_dir = context.settings.gateway.state_dir;
  std::error_code ignored;
  if (!std::filesystem::exists(state_dir, ignored)) {
    return fail(context,
                make_error(ErrorCode::kNotFound, "there is no state folder " + state_dir +
                                                     " yet; start sluiced once with this configuration, "
                                                     "and stop it again"));
  }
  Result<int> locked = lock_state(state_dir);
  if (!locked) {
    const bool in_use = locked.error().code == ErrorCode::kRefused;
    return fail(context, make_error(locked.error().code,
                                    locked.error().context +
                                        (in_use ? "; the broker keeps what comes meanwhile" : "")));
  }
  const StateLock lock(*locked);
  if (context.line.file == "-") return import_from(context, std::cin);
  std::ifstream file(context.line.file, std::ios::binary);
  if (!file) return fail(context, make_error(ErrorCode::kNotFound, "cannot read " + context.line.file));
  return import_from(context, file);
}

}  // namespace sluice
