#include "summary/summariser.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "summary/day_fold.h"
#include "summary/document.h"

namespace sluice {

namespace {

class Snapshot {
 public:
  explicit Snapshot(DayTable& table) : table_(table), status_(table.begin_snapshot()) {}
  ~Snapshot() {
    if (status_.ok()) table_.end_snapshot();
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;
  const Status& status() const { return status_; }

 private:
  DayTable& table_;
  Status status_;
};

double seconds(std::int64_t ms) {
  return static_cast<double>(ms) / 1000.0;
}

// Only what the day saw: what happens to an alert later does not change the day's document.
std::vector<SummaryView::Alert> alerts_of_day(const std::vector<AlertSpan>& spans, std::int64_t to_ms) {
  std::vector<SummaryView::Alert> alerts;
  for (const AlertSpan& span : spans) {
    SummaryView::Alert alert;
    alert.id = span.event.id;
    alert.alert = span.event.alert;
    alert.sensor = span.event.sensor;
    alert.severity = span.event.severity;
    alert.since_ms = span.event.since_ms;
    if (!span.open && span.to_ms < to_ms) alert.until_ms = span.to_ms;
    alert.value = span.event.value;
    alert.threshold = span.event.threshold;
    alerts.push_back(std::move(alert));
  }
  std::sort(alerts.begin(), alerts.end(), [](const auto& a, const auto& b) {
    return std::tie(a.since_ms, a.id) < std::tie(b.since_ms, b.id);
  });
  return alerts;
}

// Time of the day during which a sensor was in alert: by any rule, and by each.
class AlertTimes {
 public:
  AlertTimes(std::vector<AlertSpan> spans, std::int64_t from_ms, std::int64_t to_ms) {
    std::sort(spans.begin(), spans.end(),
              [](const AlertSpan& a, const AlertSpan& b) { return a.from_ms < b.from_ms; });
    for (const AlertSpan& span : spans) {
      const std::int64_t end_ms = span.open ? to_ms : std::min(span.to_ms, to_ms);
      Sensor& sensor = sensors_[span.event.sensor];
      sensor.any.add(std::max(from_ms, span.from_ms), end_ms);
      sensor.by_rule[span.event.alert].add(std::max(from_ms, span.from_ms), end_ms);
    }
  }
  double any_s(const std::string& sensor) const {
    auto found = sensors_.find(sensor);
    return found == sensors_.end() ? 0 : seconds(found->second.any.total_ms);
  }
  std::map<std::string, double> by_rule_s(const std::string& sensor) const {
    std::map<std::string, double> times;
    auto found = sensors_.find(sensor);
    if (found == sensors_.end()) return times;
    for (const auto& [rule, time] : found->second.by_rule) times[rule] = seconds(time.total_ms);
    return times;
  }

 private:
  struct Union {  // of spans in order of their begin
    std::int64_t end_ms = INT64_MIN;
    std::int64_t total_ms = 0;
    void add(std::int64_t from_ms, std::int64_t to_ms) {
      from_ms = std::max(from_ms, end_ms);
      if (to_ms <= from_ms) return;
      total_ms += to_ms - from_ms;
      end_ms = to_ms;
    }
  };
  struct Sensor {
    Union any;
    std::map<std::string, Union> by_rule;
  };
  std::map<std::string, Sensor> sensors_;
};

void choose_statistics(const SensorDay& day, const AlertTimes& in_alert, const Statistics& chosen,
                       SummaryView::Sensor& sensor) {
  auto wanted = [&](Statistic statistic) { return chosen.contains(statistic); };
  if (wanted(Statistic::kSum)) sensor.sum = day.sum;
  if (wanted(Statistic::kTimeWeightedMean)) sensor.time_weighted_mean = day.time_weighted_mean;
  if (wanted(Statistic::kIncrease) && day.kind == SensorKind::kCounter)
    sensor.increase = {day.increase, day.resets};
  if (wanted(Statistic::kStates) && day.kind == SensorKind::kState) sensor.states = day.states;
  if (wanted(Statistic::kInAlert)) sensor.in_alert_by_rule_s = in_alert.by_rule_s(day.sensor);
  if (wanted(Statistic::kHours)) sensor.hours = day.hours;
}

std::uint64_t sensors_that_differ(const SummaryView& before, const SummaryView& now) {
  std::map<std::string, const SummaryView::Sensor*> known;
  for (const SummaryView::Sensor& sensor : before.sensors) known[sensor.sensor] = &sensor;
  std::uint64_t differ = 0;
  for (const SummaryView::Sensor& sensor : now.sensors) {
    auto found = known.find(sensor.sensor);
    if (found == known.end() || !same_figures(*found->second, sensor)) ++differ;
    if (found != known.end()) known.erase(found);
  }
  return differ + known.size();
}

SummaryView::Changes changes_between(const SummaryView& before, const SummaryView& now) {
  auto more = [](std::uint64_t a, std::uint64_t b) { return static_cast<std::int64_t>(b - a); };
  return {
      more(before.counts.stored, now.counts.stored),   more(before.counts.duplicate, now.counts.duplicate),
      more(before.counts.late, now.counts.late),       more(before.counts.rejected, now.counts.rejected),
      more(before.counts.dropped, now.counts.dropped), sensors_that_differ(before, now)};
}

std::vector<SummaryView::Difference> differences(const SensorTallies& on_arrival,
                                                 const SensorTallies& in_table,
                                                 const std::vector<FoldSensor>& sensors) {
  std::vector<SummaryView::Difference> differ;
  auto of = [](const SensorTallies& tallies, SensorId sensor) {
    auto found = tallies.find(sensor);
    return found == tallies.end() ? Tally{} : found->second;
  };
  for (SensorId id : differing(on_arrival, in_table)) {
    if (differ.size() >= SummaryView::kDifferencesMax) break;
    auto known = std::find_if(sensors.begin(), sensors.end(), [&](const auto& s) { return s.id == id; });
    const std::string name = known == sensors.end() ? "sensor " + std::to_string(id) : known->name;
    differ.push_back({name, of(on_arrival, id), of(in_table, id)});
  }
  return differ;
}

SummaryView::Sensor sensor_view(const SensorDay& day, SensorNotes notes, const std::string& stored_unit,
                                double in_alert_s) {
  SummaryView::Sensor sensor;
  sensor.sensor = day.sensor;
  sensor.unit = notes.unit.empty() ? stored_unit : notes.unit;
  sensor.labels = std::move(notes.labels);
  sensor.count = day.count;
  sensor.min = day.min;
  sensor.min_at_ms = day.min_at_ms;
  sensor.max = day.max;
  sensor.max_at_ms = day.max_at_ms;
  sensor.mean = day.mean;
  sensor.stddev = day.stddev;
  sensor.p5 = day.p5;
  sensor.p50 = day.p50;
  sensor.p95 = day.p95;
  sensor.p99 = day.p99;
  sensor.first = day.first;
  sensor.last = day.last;
  sensor.coverage = day.coverage;
  sensor.longest_gap_s = seconds(day.longest_gap_ms);
  sensor.in_alert_s = in_alert_s;
  sensor.kind = day.kind;
  return sensor;
}

}  // namespace

struct Summariser::Summed {
  SummaryView view;
  bool expired = false;  // some that arrived on the day are gone
  std::vector<RepeatedRow> repeated;
};

struct Summariser::Draft {
  SummaryRevision revision;
  std::vector<RepeatedRow> repeated;
  bool unchanged = false;
  bool over = false;
  bool early = false;  // over, but close_after has not passed
  std::uint64_t touched = 0;
};

Summariser::Summariser(SummarySettings settings, Calendar calendar, DayTable& table, NotesOf notes,
                       std::vector<std::string> sinks)
    : settings_(std::move(settings)),
      calendar_(std::move(calendar)),
      table_(table),
      notes_(std::move(notes)),
      sinks_(std::move(sinks)) {}

Result<DayState> Summariser::state_of(Day day) {
  auto state = table_.day_state(day);
  if (!state) return state.error();
  if (*state) return **state;
  DayState none;
  none.day = day;
  none.zone = calendar_.zone_name(day);
  return none;
}

Result<std::vector<Day>> Summariser::due(std::int64_t now_wall_ms, bool scheduled, bool force) {
  auto waits = table_.waits_for_clock();
  if (!waits) return waits.error();
  if (*waits) return std::vector<Day>{};
  auto states = table_.dirty_days();
  if (!states) return states.error();
  std::vector<Day> days;
  for (const DayState& state : *states) {
    const bool over = state.dirty && calendar_.end_ms(state.day) <= now_wall_ms;
    const bool quiet = state.last_arrival_ms + settings_.close_after.count() <= now_wall_ms;
    if (over && (force || (quiet && (scheduled || state.revision == 0)))) days.push_back(state.day);
  }
  std::sort(days.begin(), days.end());
  return days;
}

// What the table says of a day, as a document without a revision number.
Result<Summariser::Summed> Summariser::view_of(Day day, std::int64_t now_wall_ms) {
  DayFoldInput input;
  input.from_ms = calendar_.begin_ms(day);
  input.to_ms = calendar_.end_ms(day);
  input.late_after_ms = input.to_ms + settings_.close_after.count();
  input.memory_bytes_max = settings_.memory_bytes_max;
  input.scratch_folder = settings_.scratch_folder;
  const Snapshot snapshot(table_);
  if (!snapshot.status()) return snapshot.status().error();
  auto sensors = table_.sensors();
  if (!sensors) return sensors.error();
  std::map<std::string, std::string> stored_units;
  for (const SummarySensor& sensor : *sensors) {
    const SensorNotes notes = notes_(sensor.name);
    input.sensors.push_back({sensor.id, sensor.name, notes.every.count(), notes.kind});
    stored_units[sensor.name] = sensor.unit;
  }
  auto fold = fold_day(table_, input);
  if (!fold) return fold.error();
  auto repeated = find_repeated_rows(table_, input, *fold);
  if (!repeated) return repeated.error();
  auto tallies = table_.tallies(day);
  if (!tallies) return tallies.error();
  auto spans = table_.alert_spans(input.from_ms, input.to_ms);
  if (!spans) return spans.error();
  auto arrived = table_.arrived_on(day);
  if (!arrived) return arrived.error();

  SummaryView view;
  view.gateway = settings_.gateway;
  view.day = day;
  view.timezone = calendar_.zone_name(day);
  view.from_ms = input.from_ms;
  view.to_ms = input.to_ms;
  view.counts = {fold->stored, fold->duplicate, fold->late, arrived->readings_rejected(),
                 arrived->readings_dropped()};
  view.digest = fold->digest;
  // Of a day that goes on, what stands has stood until now.
  const AlertTimes in_alert(*spans, input.from_ms, std::clamp(now_wall_ms, input.from_ms, input.to_ms));
  for (const SensorDay& sensor : fold->sensors) {
    view.sensors.push_back(sensor_view(sensor, notes_(sensor.sensor), stored_units[sensor.sensor],
                                       in_alert.any_s(sensor.sensor)));
    choose_statistics(sensor, in_alert, settings_.statistics, view.sensors.back());
  }
  view.alerts = alerts_of_day(*spans, input.to_ms);
  if (*tallies) view.layers_differ = differences(**tallies, fold->arrived, input.sensors);
  return Summed{std::move(view), (*arrived)[Counter::kReadingsExpired] > 0, std::move(*repeated)};
}

Result<Summariser::Draft> Summariser::draft(Day day, std::int64_t now_wall_ms) {
  // The state is read before the rows: a batch in between leaves the day dirty.
  auto state = state_of(day);
  if (!state) return state.error();
  auto newest = table_.newest(day);
  if (!newest) return newest.error();
  auto summed = view_of(day, now_wall_ms);
  if (!summed) return summed.error();
  SummaryView* view = &summed->view;

  Draft draft;
  draft.repeated = std::move(summed->repeated);
  draft.touched = state->touched;
  draft.over = view->to_ms <= now_wall_ms;
  draft.early = state->last_arrival_ms + settings_.close_after.count() > now_wall_ms;
  view->complete = draft.over && !draft.early && view->counts.dropped == 0 && !summed->expired;
  if (*newest) {
    auto previous = summary_from_json((*newest)->body);
    view->revision = (*newest)->revision;
    if (previous) view->changes = previous->changes;
    if (summary_to_json(*view) == (*newest)->body) {
      draft.unchanged = true;
      draft.revision = std::move(**newest);
      return draft;
    }
    view->changes.reset();
    if (previous) view->changes = changes_between(*previous, *view);
  }
  ++view->revision;
  draft.revision.day = day;
  draft.revision.revision = view->revision;
  draft.revision.made_ms = now_wall_ms;
  draft.revision.digest = view->digest;
  draft.revision.row_count = view->counts.stored;
  draft.revision.body = summary_to_json(*view);
  draft.revision.key = summary_key(*view, draft.revision.body);
  return draft;
}

Result<SummaryRevision> Summariser::compute(Day day, std::int64_t now_wall_ms) {
  auto made = draft(day, now_wall_ms);
  if (!made) return made.error();
  return std::move(made->revision);
}

Result<SummaryRevision> Summariser::close(Day day, std::int64_t now_wall_ms) {
  auto known = table_.day_state(day);
  if (!known) return known.error();
  if (!*known) {
    return make_error(ErrorCode::kNotFound,
                      "the gateway did not run on " + format_date(day) + " and has no reading of it");
  }
  auto waits = table_.waits_for_clock();
  if (!waits) return waits.error();
  if (*waits) {
    return make_error(
        ErrorCode::kUnavailable,
        "readings that arrived before the clock was set wait to be moved to their time, and may be of " +
            format_date(day) + "; try again when it is set");
  }
  auto made = draft(day, now_wall_ms);
  if (!made) return made.error();
  if (!made->over) {
    return make_error(ErrorCode::kInvalid,
                      format_date(day) + " is not over yet; it can be closed when its last hour has passed");
  }
  // An earlier `touched` leaves the day dirty.
  const bool again = made->early || made->repeated.size() >= kRepeatsMax;
  const std::uint64_t touched = again && made->touched > 0 ? made->touched - 1 : made->touched;
  Status saved = table_.save(made->revision, sinks_, touched, made->unchanged, made->repeated);
  if (!saved) return saved.error();
  return std::move(made->revision);
}

}  // namespace sluice
