#include "app/audit_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include "base/counted.h"

namespace sluice {

namespace {

constexpr std::size_t kBatchesPerRead = 100;
constexpr std::size_t kAlertsCompared = 20'000;
constexpr int kWalksMax = 5;

struct Arrived {
  std::uint64_t rows = 0;
  std::uint64_t counted = 0;  // not flagged as duplicates
  std::uint64_t too_late = 0;
};

struct Books {
  Ledger ledger;
  Counts unset;  // of what is in no line of it, because the clock was not trusted
};

// Walks batches and rows side by side. Each piece is read in one snapshot, so that retention never comes
// between a batch and its rows.
class RowWalk {
 public:
  RowWalk(StoreView& view, const Calendar& calendar, const AuditOptions& options, AuditReport& report)
      : view_(view), calendar_(calendar), options_(options), report_(report) {}

  // One piece; true: that was the last, and `books` are of the same moment.
  Result<bool> step(Books& books) {
    Status begun = view_.begin_snapshot();
    if (!begun) return begun.error();
    Result<bool> ended = step_in_snapshot(books);
    view_.end_snapshot();
    return ended;
  }
  Status load_sensors() {
    Result<std::vector<SummarySensor>> sensors = view_.sensors();
    if (!sensors) return sensors.error();
    for (const SummarySensor& sensor : *sensors) sensors_.insert(sensor.id);
    return {};
  }

  std::map<Day, Arrived> arrived;
  Arrived unset;       // of batches that no day knows of yet
  bool moved = false;  // some of those have been moved to their time since they were read: walk again
  std::uint64_t missing_between_batches = 0;
  std::optional<Day> first_gap_day;

 private:
  Result<bool> step_in_snapshot(Books& books) {
    auto batches = view_.batches_after(last_batch_, kBatchesPerRead);
    if (!batches) return batches.error();
    for (const StoreView::BatchRow& batch : *batches) {
      Status walked = walk_batch(batch);
      if (!walked) return walked.error();
    }
    if (batches->size() == kBatchesPerRead) return false;
    Status rest = walk_strays(INT64_MAX);
    if (!rest) return rest.error();
    Result<Ledger> ledger = view_.ledger();
    if (!ledger) return ledger.error();
    Result<Counts> unset = view_.unset_counts();
    if (!unset) return unset.error();
    books = {std::move(*ledger), *unset};
    return first_unset_ ? look_for_moves() : Result<bool>(true);
  }

  // They are moved oldest first.
  Result<bool> look_for_moves() {
    auto oldest = view_.batches_after(*first_unset_ - 1, 1);
    if (!oldest) return oldest.error();
    moved = oldest->empty() || oldest->front().id != *first_unset_ || !oldest->front().unset;
    return true;
  }

  // Reads rows with last_row_ < id <= up_to and hands each to `visit`.
  template <class Visit>
  Status read_rows(std::int64_t up_to, Visit visit) {
    while (last_row_ < up_to) {
      const auto wanted = static_cast<std::uint64_t>(up_to) - static_cast<std::uint64_t>(last_row_);
      const std::size_t limit = std::min<std::uint64_t>(options_.rows_per_read, wanted);
      auto rows = view_.rows_after(last_row_, limit);
      if (!rows) return rows.error();
      for (const StoreView::Row& row : *rows) {
        if (row.id > up_to) return {};
        visit(row);
        last_row_ = row.id;
        count(row.reading);
      }
      if (rows->size() < limit) return {};
    }
    return {};
  }

  void count(const Reading& reading) {
    const Day day = calendar_.day_of(reading.arrival_ms);
    Arrived& there = in_unset_ ? unset : arrived[day];
    ++there.rows;
    if ((reading.flags & kDuplicate) == 0) {
      ++there.counted;
      there.too_late += (reading.flags & kTooLate) != 0;
    }
    ++report_.rows;
    last_day_ = day;
    if (!sensors_.contains(reading.sensor)) unknown_sensor_[day].insert(reading.sensor);
  }

  // Rows up to `up_to` that no batch holds.
  Status walk_strays(std::int64_t up_to) {
    std::map<Day, std::uint64_t> strays;
    Status read = read_rows(
        up_to, [&](const StoreView::Row& row) { ++strays[calendar_.day_of(row.reading.arrival_ms)]; });
    for (const auto& [day, rows] : strays) {
      report_.add_finding(day, counted(rows, "row") + " without a batch arrived on this day");
    }
    if (up_to == INT64_MAX) report_unknown_sensors();
    return read;
  }

  void report_unknown_sensors() {
    for (const auto& [day, ids] : unknown_sensor_) {
      report_.add_finding(day, fmt::format("the registry lacks {} that rows name, the first is {}",
                                           counted(ids.size(), "sensor"), *ids.begin()));
    }
  }

  Status walk_batch(const StoreView::BatchRow& batch) {
    last_batch_ = batch.id;
    ++report_.batches;
    if (batch.last_row < batch.first_row) return {};  // a batch without readings
    if (batch.first_row <= last_row_) {
      report_.add_finding(last_day_, fmt::format("batch {} claims rows from {} on, which others hold already",
                                                 batch.id, batch.first_row));
    }
    Status strays = walk_strays(batch.first_row - 1);
    if (!strays) return strays;
    note_gap(batch);
    last_row_ = std::max(last_row_, batch.first_row - 1);

    RowsDigest digest;
    std::uint64_t rows = 0;
    std::set<Day> days;
    in_unset_ = batch.unset;
    if (in_unset_ && !first_unset_) first_unset_ = batch.id;
    Status read = read_rows(batch.last_row, [&](const StoreView::Row& row) {
      digest.add(row.reading);
      ++rows;
      days.insert(calendar_.day_of(row.reading.arrival_ms));
    });
    in_unset_ = false;
    if (!read) return read;
    last_row_ = batch.last_row;
    const auto expected = static_cast<std::uint64_t>(batch.last_row - batch.first_row + 1);
    if (rows == expected && digest.finish() == batch.digest) return {};
    const std::string what =
        rows != expected ? fmt::format("batch {} has {} of its {}", batch.id, rows, counted(expected, "row"))
                         : fmt::format("the rows of batch {} are not those that were stored (rows {} to {})",
                                       batch.id, batch.first_row, batch.last_row);
    if (days.empty()) report_.add_finding(last_day_, what);
    for (Day day : days) report_.add_finding(day, what);
    return {};
  }

  void note_gap(const StoreView::BatchRow& batch) {
    const std::int64_t missing = batch.first_row - 1 - expected_after_;
    if (missing > 0) {
      missing_between_batches += static_cast<std::uint64_t>(missing);
      if (expected_after_ > 0 && !first_gap_day) first_gap_day = last_day_;
    }
    expected_after_ = std::max(expected_after_, batch.last_row);
  }

  StoreView& view_;
  const Calendar& calendar_;
  const AuditOptions& options_;
  AuditReport& report_;
  std::set<SensorId> sensors_;
  std::map<Day, std::set<SensorId>> unknown_sensor_;
  std::int64_t last_batch_ = INT64_MIN;
  std::int64_t last_row_ = INT64_MIN;
  std::int64_t expected_after_ = 0;  // last row of the batches so far
  std::optional<Day> last_day_;
  std::optional<std::int64_t> first_unset_;
  bool in_unset_ = false;
};

// `before` and `now`: the ledger when the audit began and ended; retention may have run in between.
void check_rows(Day day, const Counts& now, const Counts& before, const Arrived& found, AuditReport& report) {
  const std::uint64_t all = now[Counter::kReadingsStored] + now[Counter::kReadingsDuplicate];
  const std::uint64_t expired = now[Counter::kReadingsExpired];
  const std::uint64_t kept = all - expired;
  const std::uint64_t kept_at_most = all - std::min(expired, before[Counter::kReadingsExpired]);
  // Rows may have been found to repeat others before or after they were read.
  const std::uint64_t counting = now[Counter::kReadingsStored] - now[Counter::kReadingsRepeated];
  const std::uint64_t counting_at_most = now[Counter::kReadingsStored] - before[Counter::kReadingsRepeated];
  if (found.rows < kept || found.rows > kept_at_most) {
    report.add_finding(
        day,
        fmt::format(
            "{} arrived on this day, but by the ledger (stored + duplicate - expired) there should be {}",
            counted(found.rows, "row"), static_cast<std::int64_t>(kept)));
  } else if (expired == 0 && (found.counted < counting || found.counted > counting_at_most)) {
    report.add_finding(
        day,
        fmt::format(
            "{} arrived on this day and counted, but by the ledger (stored - repeated) there should be {}",
            counted(found.counted, "row"), static_cast<std::int64_t>(counting)));
  }
  if (expired == 0 && found.too_late != now[Counter::kReadingsTooLate]) {
    report.add_finding(day, fmt::format("{} arrived on this day too late for a summary, but by the ledger {}",
                                        counted(found.too_late, "row"), now[Counter::kReadingsTooLate]));
  }
}

void compare(const Ledger& ledger, const Ledger& before, const RowWalk& walk, AuditReport& report) {
  std::set<Day> days;
  for (const auto& line : ledger) days.insert(line.first);
  for (const auto& line : walk.arrived) days.insert(line.first);
  for (Day day : days) {
    const Counts counts = ledger.contains(day) ? ledger.at(day) : Counts{};
    const Arrived found = walk.arrived.contains(day) ? walk.arrived.at(day) : Arrived{};
    AuditDay& audited = report.days[day];
    audited.messages = counts[Counter::kMessagesReceived];
    audited.rows = found.rows;
    audited.expired = counts[Counter::kReadingsExpired];
    audited.beyond_checking = audited.expired > 0;
    check_equations(day, counts, report);
    check_rows(day, counts, before.contains(day) ? before.at(day) : Counts{}, found, report);
  }
}

void compare_unset(const Counts& counts, const Arrived& found, AuditReport& report) {
  check_equations(std::nullopt, counts, report);
  const std::uint64_t counting = counts[Counter::kReadingsStored];
  const std::uint64_t all = counting + counts[Counter::kReadingsDuplicate];
  report.waiting_for_clock = all;
  if (found.rows == all && found.counted == counting) return;
  report.add_finding(std::nullopt,
                     fmt::format("{} arrived while the clock was not trusted and had to wait for a time, {} "
                                 "of them counted; by the ledger there should be {} and {}",
                                 counted(found.rows, "row"), found.counted, all, counting));
}

// Rows between batches may only be missing because they expired.
void check_gaps(const RowWalk& walk, const Ledger& ledger, const Ledger& before, AuditReport& report) {
  std::uint64_t gone = 0;
  std::uint64_t gone_before = 0;
  for (const auto& line : ledger) gone += line.second[Counter::kReadingsExpired];
  for (const auto& line : before) gone_before += line.second[Counter::kReadingsExpired];
  if (walk.missing_between_batches >= gone_before && walk.missing_between_batches <= gone) return;
  report.add_finding(walk.first_gap_day,
                     fmt::format("between batches {} went missing, but by the ledger {} expired",
                                 counted(walk.missing_between_batches, "row"), gone));
}

// The ledger counts transitions by the day on which their cause arrived, the history knows their own time:
// only the totals must agree. Where they do not, the days that differ are named.
Status check_alerts(StoreView& view, const Calendar& calendar, AuditReport& report) {
  Status begun = view.begin_snapshot();
  if (!begun) return begun;
  Result<Ledger> ledger = view.ledger();
  Result<Counts> unset = view.unset_counts();
  Result<std::vector<StoredAlert>> history = view.alert_history(kAlertsCompared + 1);
  view.end_snapshot();
  if (!ledger) return ledger.error();
  if (!unset) return unset.error();
  if (!history) return history.error();
  if (history->size() > kAlertsCompared) return {};  // the oldest may be gone
  std::map<Day, std::int64_t> surplus[2];            // by AlertState: what the ledger has too many
  std::int64_t total[2] = {static_cast<std::int64_t>((*unset)[Counter::kAlertsResolved]),
                           static_cast<std::int64_t>((*unset)[Counter::kAlertsFired])};
  for (const auto& [day, counts] : *ledger) {
    surplus[0][day] += static_cast<std::int64_t>(counts[Counter::kAlertsResolved]);
    surplus[1][day] += static_cast<std::int64_t>(counts[Counter::kAlertsFired]);
  }
  for (const StoredAlert& stored : *history) {
    --surplus[static_cast<int>(stored.event.state)][calendar.day_of(stored.event.at_ms)];
  }
  for (int state : {0, 1}) {
    for (const auto& day : surplus[state]) total[state] += day.second;
    const char* verb = state == 1 ? "fired" : "resolved";
    if (total[state] == 0) continue;
    bool named = false;
    for (const auto& [day, more] : surplus[state]) {
      if (more == 0 || (more > 0) != (total[state] > 0)) continue;
      named = true;
      report.add_finding(day, fmt::format("alerts {}: the ledger has {} {} than the history of this day",
                                          verb, std::abs(more), more > 0 ? "more" : "fewer"));
    }
    if (!named)
      report.add_finding(std::nullopt, fmt::format("alerts {}: the ledger differs from the history", verb));
  }
  return {};
}

// False: what was read first is no longer where it was.
Result<bool> walk_once(StoreView& view, const Calendar& calendar, const AuditOptions& options,
                       const AuditProgress& progress, AuditReport& report) {
  RowWalk walk(view, calendar, options, report);
  Result<Ledger> before = view.ledger();
  if (!before) return before.error();
  std::uint64_t total = 0;
  for (const auto& [day, counts] : *before) {
    total += counts[Counter::kReadingsStored] + counts[Counter::kReadingsDuplicate] -
             counts[Counter::kReadingsExpired];
  }
  Status sensors = walk.load_sensors();
  if (!sensors) return sensors.error();
  Books books;
  for (bool ended = false; !ended;) {
    Result<bool> step = walk.step(books);
    if (!step) return step.error();
    ended = *step;
    progress("rows", report.rows, std::max(total, report.rows));
  }
  if (walk.moved) return false;
  compare(books.ledger, *before, walk, report);
  compare_unset(books.unset, walk.unset, report);
  check_gaps(walk, books.ledger, *before, report);
  return true;
}

}  // namespace

void check_equations(std::optional<Day> day, const Counts& c, AuditReport& report) {
  const std::uint64_t messages = c[Counter::kMessagesDecoded] + c[Counter::kMessagesIgnored] +
                                 c[Counter::kMessagesDuplicate] + c.messages_rejected();
  if (c[Counter::kMessagesReceived] != messages) {
    report.add_finding(
        day,
        fmt::format("messages: {} received, but decoded {} + ignored {} + duplicate {} + rejected {} = {}",
                    c[Counter::kMessagesReceived], c[Counter::kMessagesDecoded], c[Counter::kMessagesIgnored],
                    c[Counter::kMessagesDuplicate], c.messages_rejected(), messages));
  }
  const std::uint64_t readings = c[Counter::kReadingsStored] + c[Counter::kReadingsDuplicate] +
                                 c.readings_rejected() + c.readings_dropped();
  if (c[Counter::kReadingsDecoded] != readings) {
    report.add_finding(
        day,
        fmt::format("readings: {} decoded, but stored {} + duplicate {} + rejected {} + dropped {} = {}",
                    c[Counter::kReadingsDecoded], c[Counter::kReadingsStored], c[Counter::kReadingsDuplicate],
                    c.readings_rejected(), c.readings_dropped(), readings));
  }
}

Status audit_rows(StoreView& view, const Calendar& calendar, const AuditOptions& options,
                  const AuditProgress& progress, AuditReport& report) {
  for (int walk = 0; walk < kWalksMax; ++walk) {
    report = AuditReport();
    Result<bool> done = walk_once(view, calendar, options, progress, report);
    if (!done) return done.error();
    if (*done) return check_alerts(view, calendar, report);
  }
  return make_error(ErrorCode::kUnavailable,
                    "readings are just being moved to the time at which they arrived; try again in a minute");
}

}  // namespace sluice
