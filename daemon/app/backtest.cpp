#include "app/backtest.h"

#include <algorithm>
#include <deque>
#include <unordered_map>
#include <utility>

#include "alert/alert_fold.h"
#include "decode/derivation.h"
#include "decode/topic_filter.h"
#include "engine/engine.h"
#include "engine/registry.h"
#include "engine/watched.h"

namespace sluice {

namespace {

constexpr std::int64_t kDayMs = 86400000;

// One configuration over the history.
class Run {
 public:
  using Tell = std::function<void(const AlertEvent&)>;

  Run(const Settings& settings, const Calendar& calendar, const std::string& filter, Tell tell)
      : settings_(settings_of(settings)),
        filter_(filter),
        registry_(settings_.decode),
        derivation_(settings_.decode.derived, settings_.alerts.max_age),
        fold_(settings_.alerts, topic_matches, calendar),
        tell_(std::move(tell)) {}

  // `at`: the time of `first`, the first row, or when the gateway began to listen.
  void begin(const ArrivalFacts& facts, const FoldTime& at, const Reading& first) {
    const SensorId last_id = facts.sensors.empty() ? 0 : facts.sensors.back().sensor.id;
    sensors_.resize(last_id + 1);
    for (const KnownSensor& known : facts.sensors) {
      Entry& entry = sensors_[known.sensor.id];
      entry.row = &known.sensor;
      entry.watched = looks_at(known.sensor.name);
      const bool fell_silent_before = known.last.arrival_ms > 0 && known.last.arrival_ms < first.arrival_ms;
      if (entry.watched && fell_silent_before) add(entry, known.last);
    }
    SensorId next_id = last_id + 1;
    for (const std::string& name : awaited_sensors(settings_, registry_)) {
      if (!looks_at(name)) continue;
      auto known = std::find_if(sensors_.begin(), sensors_.end(), [&](const Entry& entry) {
        return entry.row != nullptr && entry.row->name == name;
      });
      SensorLast last;
      last.subscribed_ms = at.subscribed_ms;
      if (known != sensors_.end()) {
        add(*known, last);
        continue;
      }
      Entry never_heard;
      awaited_.push_back({next_id++, name, "", at.subscribed_ms});
      never_heard.row = &awaited_.back();
      add(never_heard, last);
    }
    fold_.restore({}, {}, at);
    collect();
  }

  // From `before` to `at`, in between connected or not all along.
  void move(const FoldTime& before, const FoldTime& at) {
    // The gateway wakes up when a deadline is due, not at the next reading only.
    std::optional<std::int64_t> passed;
    for (auto due = fold_.next_deadline_stream_ms(at); due && *due < at.stream_ms && due != passed;
         due = fold_.next_deadline_stream_ms(at)) {
      passed = due;
      FoldTime step = at;
      step.stream_ms = std::max(*due, before.stream_ms);
      if (at.connected) step.subscribed_ms -= at.stream_ms - step.stream_ms;
      fold_.advance(step);
      collect();
    }
    fold_.advance(at);
    collect();
  }
  void on_clock_trusted(const FoldTime& at) {
    fold_.on_clock_trusted(at);
    collect();
  }
  void on_backlog_end(const FoldTime& at) {
    fold_.on_backlog_end(at);
    collect();
  }
  void on_reading(const Reading& reading, const FoldTime& at) {
    if (reading.sensor >= sensors_.size() || !sensors_[reading.sensor].watched) return;
    Entry& entry = sensors_[reading.sensor];
    if (!entry.added) {
      SensorLast last;
      last.subscribed_ms = at.subscribed_ms;
      add(entry, last);
    }
    fold_.on_reading(reading, at);
    derivation_.on_reading(reading, made_);
    take_derived(at);
  }
  void on_message_end(const FoldTime& at) {
    derivation_.on_message_end(made_);
    take_derived(at);
  }

  std::size_t sensors() const { return registry_.all().size(); }

 private:
  struct Entry {
    const SensorRow* row = nullptr;
    bool watched = false;
    bool added = false;
  };

  static EngineSettings settings_of(const Settings& settings) {
    EngineSettings engine;
    engine.decode = settings.decode;
    engine.alerts = settings.alerts;
    engine.alerts.gateway = settings.gateway.id;
    return engine;
  }
  bool watches(const std::string& name) const {
    return (filter_.empty() || topic_matches(filter_, name)) &&
           std::any_of(settings_.alerts.rules.begin(), settings_.alerts.rules.end(),
                       [&](const Rule& rule) { return topic_matches(rule.sensor, name); });
  }
  void add(Entry& entry, const SensorLast& last) {
    entry.added = true;
    const SensorEntryState& sensor = registry_.add(entry.row->name, entry.row->unit, entry.row->id);
    fold_.add_sensor(facts_of(sensor, settings_.decode), &last);
    derivation_.add_sensor(sensor.id, sensor.name, &last);
  }
  // Watched itself, or what a derived sensor is made from.
  bool looks_at(const std::string& name) const {
    return watches(name) || plays_a_part(settings_.decode.derived, name);
  }
  void take_derived(const FoldTime& at) {
    for (const Reading& made : made_) fold_.on_reading(made, at);
    made_.clear();
    collect();
  }
  void collect() {
    for (const AlertEvent& event : fold_.take_events()) {
      if (filter_.empty() || topic_matches(filter_, event.sensor)) tell_(event);
    }
  }

  const EngineSettings settings_;
  const std::string& filter_;
  Registry registry_;
  Derivation derivation_;
  std::vector<Reading> made_;
  AlertFold fold_;
  Tell tell_;
  std::vector<Entry> sensors_;     // by id
  std::deque<SensorRow> awaited_;  // never heard
};

// The runs and the clocks that they share.
class History {
 public:
  History(std::deque<Run>& runs, const ArrivalFacts& facts, std::int64_t to_ms)
      : runs_(runs), facts_(facts), to_ms_(to_ms) {}

  bool begun() const { return begun_; }
  const FoldTime& now() const { return now_; }
  std::int64_t began_ms() const { return began_ms_; }

  // False: it came after the end.
  bool arrive(const ArrivedRow& row, const BatchClock& clock) {
    const Reading& reading = row.reading;
    FoldTime at;
    at.stream_ms = clock.stream_at(reading.arrival_ms);
    at.subscribed_ms = clock.subscribed_at(reading.arrival_ms);
    at.wall_minus_stream_ms = clock.wall_minus_stream_ms;
    at.connected = true;
    at.clock_trusted = (reading.flags & kClockUnset) == 0;
    at.backlog = (reading.flags & kQueued) != 0;
    if (!begun_) begin(at, row);
    if (reading.arrival_ms != arrival_ms_) end_message();
    arrival_ms_ = reading.arrival_ms;
    // With a time of its own, later than the connection, it does not say whether it waited.
    if ((reading.flags & kPayloadTime) && !at.backlog) at.backlog = now_.backlog && lost_ms(at) <= 0;
    if (!move_to(at)) return false;
    for (Run& run : runs_) run.on_reading(reading, now_);
    return true;
  }
  // To the end of what is known, or of what is asked for.
  void finish() {
    end_message();
    FoldTime at = now_;
    at.stream_ms = facts_.clock.stream_ms;
    at.subscribed_ms = facts_.clock.subscribed_ms;
    at.wall_minus_stream_ms = facts_.clock.wall_minus_stream_ms;
    if (!begun_ || at.stream_ms <= now_.stream_ms) return;
    if (!facts_.clock.connected) {
      // It has been lost since some time after the newest reading.
      FoldTime lost = now_;
      lost.stream_ms += std::max<std::int64_t>(0, at.subscribed_ms - now_.subscribed_ms);
      lost.subscribed_ms = std::max(at.subscribed_ms, now_.subscribed_ms);
      if (!move_to(lost)) return;
    }
    move_to(at);
  }

 private:
  void begin(const FoldTime& first, const ArrivedRow& row) {
    begun_ = true;
    now_ = first;
    if (row.id == 1) {
      // The gateway's first hours: it has listened for as long as it says.
      now_.stream_ms -= first.subscribed_ms;
      now_.subscribed_ms = 0;
    }
    now_.connected_since_ms = now_.stream_ms;
    began_ms_ = now_.wall_ms();
    for (Run& run : runs_) run.begin(facts_, now_, row.reading);
  }

  // Rows of one arrival are taken for those of one message.
  void end_message() {
    for (Run& run : runs_) run.on_message_end(now_);
  }

  // For how long we were not subscribed since the reading before.
  std::int64_t lost_ms(const FoldTime& at) const {
    return at.stream_ms - now_.stream_ms - (at.subscribed_ms - now_.subscribed_ms);
  }

  bool move_to(FoldTime at) {
    at.stream_ms = std::max(at.stream_ms, now_.stream_ms);
    at.subscribed_ms = std::max(at.subscribed_ms, now_.subscribed_ms);
    if (const std::int64_t lost = lost_ms(at); lost > 0) {
      FoldTime back = now_;
      back.stream_ms += lost;
      back.wall_minus_stream_ms = at.wall_minus_stream_ms;
      back.connected = false;
      back.backlog = false;
      if (!step_to(back)) return false;
      now_.connected_since_ms = now_.stream_ms;
      now_.backlog = true;
    }
    const bool trusted = at.clock_trusted && !now_.clock_trusted;
    const bool backlog_ended = now_.backlog && !at.backlog;
    const bool backlog = at.backlog;
    at.connected = true;
    at.connected_since_ms = now_.connected_since_ms;
    at.clock_trusted = now_.clock_trusted;
    at.backlog = now_.backlog;
    if (!step_to(at)) return false;
    if (trusted) {
      for (Run& run : runs_) run.on_clock_trusted(now_);
      now_.clock_trusted = true;
    }
    if (backlog_ended) {
      for (Run& run : runs_) run.on_backlog_end(now_);
    }
    now_.backlog = backlog;
    return true;
  }

  // False: it ends before.
  bool step_to(FoldTime at) {
    const std::int64_t beyond_ms = at.wall_ms() - to_ms_;
    const bool ends = beyond_ms >= 0;
    if (ends) {
      const std::int64_t back_ms = std::min(beyond_ms, at.stream_ms - now_.stream_ms);
      at.stream_ms -= back_ms;
      if (at.connected) at.subscribed_ms -= back_ms;
    }
    for (Run& run : runs_) run.move(now_, at);
    now_ = at;
    return !ends;
  }

  std::deque<Run>& runs_;
  const ArrivalFacts& facts_;
  std::int64_t to_ms_;
  FoldTime now_;
  std::int64_t began_ms_ = 0;
  std::int64_t arrival_ms_ = 0;  // of the newest row
  bool begun_ = false;
};

Status fold_history(StoreView& view, const ArrivalFacts& facts, const ArrivalSpan& span, History& history,
                    const BacktestHooks& hooks, std::uint64_t& rows) {
  Arrivals piece;
  for (bool more = true; more; more = more && !piece.end) {
    if (Status status = view.next_arrivals(span, piece); !status.ok()) return status;
    auto batch = piece.batches.begin();
    for (const ArrivedRow& row : piece.rows) {
      while (row.id > batch->last_row) ++batch;
      // What came since the backtest began is left out: its clocks are not known yet.
      more = row.id <= facts.last_row && history.arrive(row, batch->clock);
      if (!more) return {};
      ++rows;
    }
    if (hooks.progress) {
      hooks.progress(static_cast<std::uint64_t>(std::max<std::int64_t>(0, piece.next_row - facts.first_row)),
                     static_cast<std::uint64_t>(facts.last_row - facts.first_row + 1));
    }
  }
  return {};
}

// Hours are those of the configuration; the database also knows in which zone they were before.
Result<Calendar> calendar_of(const Settings& settings, const StoreView& view) {
  const std::string& zone = settings.gateway.timezone;
  if (zone.empty() || zone == view.calendar().zone_name()) return view.calendar();
  return Calendar::load(zone);
}

}  // namespace

std::int64_t warm_up_ms(const AlertSettings& alerts) {
  std::int64_t longest_ms = 0;
  for (const Rule& rule : alerts.rules) {
    const std::int64_t back_ms = rule.history_ms() == 0 ? 0 : 2 * rule.history_ms() + kDayMs / 24;
    longest_ms = std::max({longest_ms, back_ms, rule.hold.count(), rule.keep_firing_for.count(),
                           rule.silent_for.count(), rule.flap_within.count(), rule.repeat.count()});
  }
  return longest_ms + kDayMs;
}

Result<BacktestReport> backtest(StoreView& view, const std::vector<const Settings*>& configurations,
                                const BacktestOptions& options, const BacktestHooks& hooks) {
  auto facts = view.arrival_facts();
  if (!facts.ok()) return facts.error();
  ArrivalSpan span;
  span.rows_max = options.rows_per_read;
  constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();
  const std::int64_t to_ms = options.to_ms.value_or(kForEver);

  BacktestReport report;
  std::deque<Run> runs;
  report.episodes.reserve(configurations.size());
  for (std::size_t i = 0; i < configurations.size(); ++i) {
    const Settings& settings = *configurations[i];
    if (options.from_ms) {
      const std::int64_t begin_ms = *options.from_ms - warm_up_ms(settings.alerts);
      span.from_ms = i == 0 ? begin_ms : std::min(span.from_ms, begin_ms);
    }
    const auto calendar = calendar_of(settings, view);
    if (!calendar.ok()) return calendar.error();
    Episodes& episodes = report.episodes.emplace_back(options.from_ms.value_or(-kForEver), to_ms);
    runs.emplace_back(settings, *calendar, options.sensor, [i, &episodes, &hooks](const AlertEvent& e) {
      episodes.add(e);
      if (hooks.event) hooks.event(i, e);
    });
  }
  History history(runs, *facts, to_ms);
  Status status = fold_history(view, *facts, span, history, hooks, report.rows);
  if (!status.ok()) return status.error();
  history.finish();
  for (Episodes& episodes : report.episodes) episodes.finish(history.now().wall_ms());
  for (const Run& run : runs) report.sensors = std::max(report.sensors, run.sensors());
  report.from_ms = options.from_ms.value_or(history.began_ms());
  report.to_ms = options.to_ms.value_or(history.now().wall_ms());
  report.expired = facts->first_row > 1;
  return report;
}

}  // namespace sluice
