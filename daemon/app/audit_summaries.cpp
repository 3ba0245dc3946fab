#include "app/audit_summaries.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include "base/counted.h"

#include "base/sha256.h"
#include "summary/day_fold.h"
#include "summary/summary_view.h"

namespace sluice {

namespace {

constexpr std::size_t kOutboxItemsMax = 1'000'000;

class SummaryWalk {
 public:
  SummaryWalk(StoreView& view, AuditReport& report) : view_(view), report_(report) {}

  Status start() {
    Result<std::optional<Day>> removed_to = view_.summaries_removed_to();
    if (!removed_to) return removed_to.error();
    removed_to_ = *removed_to;
    Result<std::vector<SummarySensor>> sensors = view_.sensors();
    if (!sensors) return sensors.error();
    for (const SummarySensor& sensor : *sensors) fold_sensors_.push_back({sensor.id, sensor.name, 0});
    for (const auto& [day, audited] : report_.days) {
      if (audited.expired > 0) last_expired_ = day;
    }
    return {};
  }

  Status check_day(Day day) {
    Result<std::optional<SummaryRevision>> newest = view_.newest(day);
    if (!newest) return newest.error();
    if (!*newest) return {};
    std::optional<SummaryView> document;
    for (int number = 1; number <= (*newest)->revision; ++number) {
      Result<std::optional<SummaryRevision>> revision = view_.revision(day, number);
      if (!revision) return revision.error();
      if (!*revision) {
        note_missing(day, number);
        continue;
      }
      document = check_revision(day, **revision);
    }
    report_.days[day].revisions = (*newest)->revision;
    return recompute(day, document);
  }

  Status check_newest(Day day) {
    Result<std::optional<SummaryRevision>> newest = view_.newest(day);
    if (!newest) return newest.error();
    if (!*newest) {
      report_.add_finding(day, "there is no summary of it");
    } else {
      check_revision(day, **newest);
    }
    return {};
  }

  // A day without any summary that once had one.
  Status check_unsummed(Day day) {
    Result<std::optional<DayState>> state = view_.day_state(day);
    if (!state) return state.error();
    if (!*state || (*state)->revision == 0) return {};
    report_.days[day].revisions = (*state)->revision;
    if (!removed_to_ || day > *removed_to_) note_missing(day, (*state)->revision);
    return {};
  }

  // After check_day() of the days that `only` leaves.
  Status check_outbox(std::optional<Day> only) {
    Result<std::vector<OutboxItem>> items = view_.list(kOutboxItemsMax);
    if (!items) return items.error();
    for (const OutboxItem& item : *items) {
      if (only && item.day != *only) continue;
      ++report_.outbox_items;
      auto key = keys_.find({item.day, item.revision});
      if (key == keys_.end()) {
        report_.add_finding(
            item.day, fmt::format("outbox item {} for {} refers to revision {}, which is not there", item.id,
                                  item.sink, item.revision));
      } else if (key->second != item.key) {
        report_.add_finding(
            item.day, fmt::format("outbox item {} for {} has the key {}, but revision {} has {}", item.id,
                                  item.sink, item.key, item.revision, key->second));
      }
      check_receipt(item);
    }
    return {};
  }

 private:
  void check_receipt(const OutboxItem& item);
  std::optional<SummaryView> check_revision(Day day, const SummaryRevision& revision);
  void note_missing(Day day, int revision) {
    report_.add_finding(day, fmt::format("revision {} of the summary is missing", revision));
  }
  Status recompute(Day day, const std::optional<SummaryView>& document);
  Status recompute_in_snapshot(Day day, const SummaryView& document);
  void compare(Day day, const SummaryView& document, const DayFold& fold);

  StoreView& view_;
  AuditReport& report_;
  std::vector<FoldSensor> fold_sensors_;
  std::optional<Day> removed_to_;    // summary.keep has taken those of days up to this, all of a day
  std::optional<Day> last_expired_;  // newest arrival day that has lost rows
  std::map<std::pair<Day, int>, std::string> keys_;
};

// A delivery has the time of its receipt (the wall clock may have stepped back before it), and what waits has
// none.
void SummaryWalk::check_receipt(const OutboxItem& item) {
  const bool pending = item.state == OutboxState::kPending;
  if (item.state == OutboxState::kDelivered && item.done_ms == 0) {
    report_.add_finding(item.day, fmt::format("outbox item {} for {} is marked delivered without a receipt",
                                              item.id, item.sink));
  } else if (pending && item.done_ms != 0) {
    report_.add_finding(item.day,
                        fmt::format("outbox item {} for {} waits, but has a receipt", item.id, item.sink));
  }
}

// What can be told from the revision alone. The document, if it can be read.
std::optional<SummaryView> SummaryWalk::check_revision(Day day, const SummaryRevision& revision) {
  ++report_.revisions;
  keys_[{day, revision.revision}] = revision.key;
  auto wrong = [&](const std::string& what) {
    report_.add_finding(day, fmt::format("revision {} of the summary: {}", revision.revision, what));
  };
  const std::string tail =
      fmt::format("/{}/{}/{}", format_date(day), revision.revision, sha256_hex(revision.body).substr(0, 16));
  if (!revision.key.ends_with(tail)) {
    wrong(fmt::format("its key {} does not end with {}, as its bytes demand", revision.key, tail));
  }
  Result<SummaryView> document = summary_from_json(revision.body);
  if (!document) {
    wrong("it cannot be read: " + document.error().context);
    return std::nullopt;
  }
  if (document->day != day || document->revision != revision.revision) {
    wrong(
        fmt::format("it says that it is revision {} of {}", document->revision, format_date(document->day)));
  }
  if (document->digest != revision.digest) wrong("its digest is not the one in its row of the table");
  if (document->counts.stored != revision.row_count) {
    wrong(fmt::format("it counts {}, its row of the table {}", counted(document->counts.stored, "reading"),
                      revision.row_count));
  }
  std::uint64_t of_sensors = 0;
  for (const SummaryView::Sensor& sensor : document->sensors) of_sensors += sensor.count;
  if (of_sensors != document->counts.stored) {
    wrong(fmt::format("its sensors have {}, its total is {}", counted(of_sensors, "reading"),
                      document->counts.stored));
  }
  return std::move(*document);
}

Status SummaryWalk::recompute(Day day, const std::optional<SummaryView>& document) {
  if (!document || document->day != day) return {};
  Status begun = view_.begin_snapshot();
  if (!begun) return begun;
  Status done = recompute_in_snapshot(day, *document);
  view_.end_snapshot();
  return done;
}

Status SummaryWalk::recompute_in_snapshot(Day day, const SummaryView& document) {
  Result<std::optional<DayState>> state = view_.day_state(day);
  if (!state) return state.error();
  AuditDay& audited = report_.days[day];
  if (!*state) {
    report_.add_finding(day, "there is a summary, but the day is not in the list of days");
    return {};
  }
  // A revision that was made after this one was read, or rows that wait for the next one.
  audited.open = (*state)->dirty || (*state)->revision > document.revision;
  if ((*state)->revision < document.revision) {
    report_.add_finding(day, fmt::format("the list of days knows {}, the newest summary is {}",
                                         counted(static_cast<std::uint64_t>((*state)->revision), "revision"),
                                         document.revision));
  }
  if (audited.open) return {};
  const Calendar& calendar = view_.calendar();
  if (calendar.begin_ms(day) != document.from_ms || calendar.end_ms(day) != document.to_ms) {
    report_.add_finding(day, fmt::format("the summary of {} does not begin and end as that day in {} does",
                                         format_date(day), calendar.zone_name(day)));
    return {};
  }
  DayFoldInput input;
  input.from_ms = document.from_ms;
  input.to_ms = document.to_ms;
  input.late_after_ms = INT64_MAX;
  input.sensors = fold_sensors_;
  std::map<std::string, SensorKind> kinds;
  for (const SummaryView::Sensor& sensor : document.sensors) kinds[sensor.sensor] = sensor.kind;
  for (FoldSensor& sensor : input.sensors) sensor.kind = kinds[sensor.name];
  Result<DayFold> fold = fold_day(view_, input);
  if (!fold && fold.error().code == ErrorCode::kCorrupt) {
    report_.add_finding(day, "the day cannot be summed: " + fold.error().context);
    return {};
  }
  if (!fold) return fold.error();
  Result<Counts> arrived = view_.arrived_on(day);
  if (!arrived) return arrived.error();
  // What arrives too late reopens nothing, whether it is stored or rejected.
  const bool may_differ = fold->too_late > 0 || audited.expired > 0;
  if (!may_differ && (document.counts.rejected != arrived->readings_rejected() ||
                      document.counts.dropped != arrived->readings_dropped())) {
    report_.add_finding(
        day, fmt::format("the summary has {} rejected and {} dropped readings, the ledger {} and {}",
                         document.counts.rejected, document.counts.dropped, arrived->readings_rejected(),
                         arrived->readings_dropped()));
  }
  auto tallies = view_.tallies(day);
  if (!tallies) return tallies.error();
  if (*tallies) {
    const std::size_t differ = differing(**tallies, fold->arrived).size();
    if (differ > 0) {
      report_.add_finding(day, fmt::format("of {} the readings are not those that were counted on arrival",
                                           counted(differ, "sensor")));
    }
  }
  compare(day, document, *fold);
  return {};
}

// The first thing of a sensor that is not as its rows give it; empty: all is.
std::string difference(const SummaryView::Sensor& said, const SensorDay& found) {
  auto differ = [](const char* name, double a, double b) {
    return fmt::format("{} {} instead of {}", name, a, b);
  };
  if (said.count != found.count) return fmt::format("count {} instead of {}", said.count, found.count);
  const struct {
    const char* name;
    double said;
    double found;
  } values[] = {
      {"min", said.min, found.min},
      {"max", said.max, found.max},
      {"mean", said.mean, found.mean},
      {"stddev", said.stddev, found.stddev},
      {"p5", said.p5, found.p5},
      {"p50", said.p50, found.p50},
      {"p95", said.p95, found.p95},
      {"p99", said.p99, found.p99},
      {"first", said.first, found.first},
      {"last", said.last, found.last},
      {"sum", said.sum.value_or(found.sum), found.sum},
      {"time-weighted mean", said.time_weighted_mean.value_or(found.time_weighted_mean),
       found.time_weighted_mean},
      {"increase", said.increase ? said.increase->value : found.increase, found.increase},
  };
  for (const auto& value : values) {
    // What JSON cannot say is not compared: a sum beyond the largest double.
    if (value.said != value.found && std::isfinite(value.said))
      return differ(value.name, value.said, value.found);
  }
  if (said.min_at_ms != found.min_at_ms) return "another time of its minimum";
  if (said.max_at_ms != found.max_at_ms) return "another time of its maximum";
  if (said.increase && said.increase->resets != found.resets) return "another number of resets";
  if (said.states && *said.states != found.states) return "other times in its states";
  if (said.hours && *said.hours != found.hours) return "other hours";
  return "";
}

void SummaryWalk::compare(Day day, const SummaryView& document, const DayFold& fold) {
  AuditDay& audited = report_.days[day];
  const bool same_rows = fold.digest == document.digest && fold.stored == document.counts.stored;
  // Rows of a day arrive on it or later; a sensor's clock may be ahead by some minutes.
  if (!same_rows && last_expired_ && day <= *last_expired_ + 1) {
    audited.beyond_checking = true;
    return;
  }
  audited.recomputed = true;
  if (fold.stored != document.counts.stored) {
    report_.add_finding(day, fmt::format("the summary counts {}, the rows of the day give {}",
                                         counted(document.counts.stored, "reading"), fold.stored));
  } else if (!same_rows) {
    report_.add_finding(day,
                        "the rows of the day are not those that the summary was made of: digests differ");
  }
  if (!same_rows) return;
  if (!fold.repeats.empty()) {
    report_.add_finding(day, fmt::format("{} stored more than once, and the ledger counts each time",
                                         counted(fold.repeats.size(), "reading")));
  }
  if (fold.duplicate != document.counts.duplicate) {
    report_.add_finding(day, fmt::format("the summary has {}, the rows of the day give {}",
                                         counted(document.counts.duplicate, "duplicate"), fold.duplicate));
  }
  std::map<std::string, const SensorDay*> found;
  for (const SensorDay& sensor : fold.sensors) found[sensor.sensor] = &sensor;
  if (found.size() != document.sensors.size()) {
    report_.add_finding(day, fmt::format("the summary has {}, the rows of the day give {}",
                                         counted(document.sensors.size(), "sensor"), found.size()));
  }
  for (const SummaryView::Sensor& said : document.sensors) {
    auto match = found.find(said.sensor);
    const std::string what = match == found.end() ? "no row of it" : difference(said, *match->second);
    if (!what.empty()) {
      report_.add_finding(day,
                          fmt::format("the summary of {} is not what its rows give: {}", said.sensor, what));
    }
  }
}

}  // namespace

Status audit_newest_summary(StoreView& view, Day day, AuditReport& report) {
  return SummaryWalk(view, report).check_newest(day);
}

Status audit_summaries(StoreView& view, const AuditOptions& options, const AuditProgress& progress,
                       AuditReport& report) {
  Result<std::vector<Day>> days = view.summary_days();
  if (!days) return days.error();
  SummaryWalk walk(view, report);
  Status started = walk.start();
  if (!started) return started;
  const std::set<Day> summed(days->begin(), days->end());
  for (auto& [day, audited] : report.days) {
    if (summed.contains(day)) continue;
    audited.open = true;
    Status checked = walk.check_unsummed(day);
    if (!checked) return checked;
  }
  std::uint64_t done = 0;
  for (Day day : summed) {
    if (!options.day || day == *options.day) {
      Status checked = walk.check_day(day);
      if (!checked) return checked;
    }
    progress("summaries", ++done, summed.size());
  }
  return walk.check_outbox(options.day);
}

}  // namespace sluice
