#include "store/alert_queries.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <tuple>

#include "base/json_text.h"

namespace sluice {

namespace {

#define SLUICE_EVENT_COLUMNS                                                                 \
  "e.id, e.event_id, e.alert, e.sensor, e.state, e.severity, e.value, e.threshold, e.unit, " \
  "e.labels, e.since_ms, e.at_ms, e.message, e.flags, e.channels"

constexpr char kInsertEvent[] =
    "INSERT INTO alert_event(event_id, alert, sensor, state, severity, value, threshold, unit, labels, "
    "since_ms, at_ms, message, flags, channels) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) RETURNING id";
constexpr char kOldestEvent[] = "SELECT min(id) FROM alert_event";
constexpr char kTrimEvents[] =
    "DELETE FROM alert_event WHERE id <= ?1 AND id NOT IN (SELECT event FROM alert_slot) "
    "AND id NOT IN (SELECT event FROM alert_open)";
constexpr char kPutSlot[] =
    "INSERT OR REPLACE INTO alert_slot(alert, sensor, channel, event, event_id, state) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
constexpr char kDeleteSlot[] =
    "DELETE FROM alert_slot WHERE event_id = ?1 AND state = ?2 AND channel = ?3 AND EXISTS (SELECT 1 FROM "
    "alert_event e WHERE e.id = event AND e.at_ms = ?4 AND e.severity = ?5 AND e.flags = ?6)";
constexpr char kDeleteOtherSlots[] =
    "DELETE FROM alert_slot WHERE channel NOT IN (SELECT value FROM json_each(?1))";
constexpr char kPutOpen[] = "INSERT OR REPLACE INTO alert_open(alert, sensor, event) VALUES(?1, ?2, ?3)";
constexpr char kDeleteOpen[] = "DELETE FROM alert_open WHERE alert = ?1 AND sensor = ?2";
constexpr char kPutState[] =
    "INSERT OR REPLACE INTO rule_state(rule, sensor, phase, since_ms, deadline_ms, notified, value, "
    "rule_digest, level, toward, move_since_ms, told_ms, flapping, changes, since_estimated, open, "
    "further, copy_ms, copy_value, copy_doubts) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, "
    "?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
constexpr char kDeleteState[] = "DELETE FROM rule_state WHERE rule = ?1 AND sensor = ?2";
constexpr char kStates[] =
    "SELECT rule, sensor, phase, since_ms, deadline_ms, notified, value, rule_digest, level, toward, "
    "move_since_ms, told_ms, flapping, changes, since_estimated, open, further, copy_ms, copy_value, "
    "copy_doubts FROM rule_state ORDER BY rule, sensor";
constexpr char kPutSilence[] = "INSERT OR REPLACE INTO silence VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
constexpr char kDeleteSilence[] = "DELETE FROM silence WHERE id = ?1";
constexpr char kSilences[] =
    "SELECT id, sensor, alert, labels, from_ms, until_ms, comment FROM silence ORDER BY id";
constexpr char kSlots[] = "SELECT " SLUICE_EVENT_COLUMNS
                          ", s.channel FROM alert_slot s JOIN alert_event e ON e.id = s.event "
                          "ORDER BY e.id, s.channel";
constexpr char kFiring[] = "SELECT " SLUICE_EVENT_COLUMNS
                           " FROM alert_open o JOIN alert_event e ON e.id = o.event "
                           "ORDER BY o.alert, o.sensor";
constexpr char kHistory[] = "SELECT " SLUICE_EVENT_COLUMNS " FROM alert_event e ORDER BY e.id DESC LIMIT ?1";
constexpr char kEvents[] = "SELECT " SLUICE_EVENT_COLUMNS " FROM alert_event e ORDER BY e.id";
constexpr char kLabels[] = "SELECT key, value FROM json_each(?1)";

#undef SLUICE_EVENT_COLUMNS

std::string json_of(const std::map<std::string, std::string>& labels) {
  std::string out = "{";
  for (const auto& [name, value] : labels) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  return out + '}';
}

std::string json_of(const std::vector<std::string>& names) {
  std::string out = "[";
  for (const std::string& name : names) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
  }
  return out + ']';
}

std::string text_of(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (std::int64_t number : numbers) text += (text.empty() ? "" : " ") + std::to_string(number);
  return text;
}

std::vector<std::int64_t> numbers_of(const std::string& text) {
  std::vector<std::int64_t> numbers;
  std::istringstream words(text);
  for (std::int64_t number = 0; words >> number;) numbers.push_back(number);
  return numbers;
}

std::string text_of(const std::vector<LevelStep>& steps) {
  std::vector<std::int64_t> numbers;
  for (const LevelStep& step : steps) numbers.insert(numbers.end(), {step.level, step.since_ms, step.due_ms});
  return text_of(numbers);
}

std::vector<LevelStep> steps_of(const std::string& text) {
  std::vector<LevelStep> steps;
  const std::vector<std::int64_t> numbers = numbers_of(text);
  for (std::size_t i = 0; i + 2 < numbers.size(); i += 3) {
    steps.push_back({static_cast<std::uint8_t>(numbers[i]), numbers[i + 1], numbers[i + 2]});
  }
  return steps;
}

Result<AlertEvent> event_of(Connection& connection, const Query& query) {
  AlertEvent event;
  event.id = query.text(1);
  event.alert = query.text(2);
  event.sensor = query.text(3);
  event.state = query.integer(4) != 0 ? AlertState::kFiring : AlertState::kResolved;
  event.severity = query.text(5);
  event.value = query.real(6);
  event.threshold = query.real(7);
  event.unit = query.text(8);
  event.since_ms = query.integer(10);
  event.at_ms = query.integer(11);
  event.message = query.text(12);
  event.flags = static_cast<std::uint32_t>(query.integer(13));
  for (int column : {9, 14}) {
    if (query.view(column).size() <= 2) continue;  // {} and []
    Query parts = connection.query(kLabels, query.view(column));
    while (parts.next()) {
      if (column == 9)
        event.labels[parts.text(0)] = parts.text(1);
      else
        event.channels.push_back(parts.text(1));
    }
    if (Status status = parts.status(); !status.ok()) return status.error();
  }
  return event;
}

template <class Visit>
Status each_event(Connection& connection, Query query, Visit visit) {
  while (query.next()) {
    auto event = event_of(connection, query);
    if (!event.ok()) return event.error();
    visit(query, std::move(*event));
  }
  return query.status();
}

Status write_event(Connection& connection, const AlertEvent& event, std::int64_t& row) {
  std::vector<std::string> channels = event.channels;
  channels.insert(channels.end(), event.formerly.begin(), event.formerly.end());
  {
    Query insert =
        connection.query(kInsertEvent, event.id, event.alert, event.sensor, static_cast<int>(event.state),
                         event.severity, event.value, event.threshold, event.unit, json_of(event.labels),
                         event.since_ms, event.at_ms, event.message, event.flags, json_of(channels));
    if (insert.next()) row = insert.integer(0);
    if (Status status = insert.run(); !status.ok()) return status;
  }
  if (event.flags & kTest) return {};
  if (event.state == AlertState::kFiring)
    return connection.query(kPutOpen, event.alert, event.sensor, row).run();
  return connection.query(kDeleteOpen, event.alert, event.sensor).run();
}

}  // namespace

Status write_rule_states(Connection& connection, const std::vector<RuleState>& states) {
  for (const RuleState& s : states) {
    Status status =
        s.forgettable()
            ? connection.query(kDeleteState, s.rule, s.sensor).run()
            : connection
                  .query(kPutState, s.rule, s.sensor, static_cast<int>(s.phase), s.since_ms, s.deadline_ms,
                         s.told_level, s.value, s.rule_digest, s.level, s.toward, s.move_since_ms, s.told_ms,
                         s.flapping, text_of(s.changes), s.since_estimated, s.open, text_of(s.further),
                         s.copy.time_ms, s.copy.value, s.copy.doubts)
                  .run();
    if (!status.ok()) return status;
  }
  return {};
}

Status write_alert_events(Connection& connection, const std::vector<AlertEvent>& events,
                          std::uint32_t events_max) {
  if (events.empty()) return {};
  std::int64_t newest = 0;
  for (const AlertEvent& event : events) {
    if (Status status = write_event(connection, event, newest); !status.ok()) return status;
    if (event.flags & kQuiet) continue;
    for (const std::string& channel : event.channels) {
      Status status = connection
                          .query(kPutSlot, event.alert, event.sensor, channel, newest, event.id,
                                 static_cast<int>(event.state))
                          .run();
      if (!status.ok()) return status;
    }
  }
  auto oldest = connection.integer(kOldestEvent);
  if (!oldest.ok()) return oldest.error();
  if (newest - *oldest < static_cast<std::int64_t>(events_max)) return {};
  return connection.query(kTrimEvents, newest - static_cast<std::int64_t>(events_max)).run();
}

Status delete_slots(Connection& connection, const std::vector<Store::Delivered>& delivered,
                    std::vector<Store::Delivered>& absent) {
  absent.clear();
  for (const Store::Delivered& d : delivered) {
    Status status = connection
                        .query(kDeleteSlot, d.event_id, static_cast<int>(d.state), d.channel, d.at_ms,
                               d.severity, d.flags)
                        .run();
    if (!status.ok()) return status;
    if (connection.changes() == 0) absent.push_back(d);
  }
  return {};
}

Status delete_slots_of_others(Connection& connection, const std::vector<std::string>& channels) {
  return connection.query(kDeleteOtherSlots, json_of(channels)).run();
}

Result<std::vector<RuleState>> read_rule_states(Connection& connection) {
  std::vector<RuleState> states;
  Query query = connection.query(kStates);
  while (query.next()) {
    RuleState s;
    s.rule = query.text(0);
    s.sensor = static_cast<SensorId>(query.integer(1));
    s.phase = static_cast<RuleState::Phase>(query.integer(2));
    s.since_ms = query.integer(3);
    s.deadline_ms = query.integer(4);
    s.told_level = static_cast<std::uint8_t>(query.integer(5));
    s.value = query.real(6);
    s.rule_digest = query.text(7);
    s.level = static_cast<std::uint8_t>(query.integer(8));
    s.toward = static_cast<std::uint8_t>(query.integer(9));
    s.move_since_ms = query.integer(10);
    s.told_ms = query.integer(11);
    s.flapping = query.integer(12) != 0;
    s.changes = numbers_of(query.text(13));
    s.since_estimated = query.integer(14) != 0;
    s.open = static_cast<std::uint32_t>(query.integer(15));
    s.further = steps_of(query.text(16));
    s.copy = {query.integer(17), query.real(18), static_cast<std::uint32_t>(query.integer(19))};
    states.push_back(std::move(s));
  }
  return query.result(std::move(states));
}

Status write_silences(Connection& connection, const std::vector<SilenceChange>& changes) {
  for (const auto& [silence, ended] : changes) {
    Status status =
        ended ? connection.query(kDeleteSilence, silence.id).run()
              : connection
                    .query(kPutSilence, silence.id, silence.sensor, silence.alert, json_of(silence.labels),
                           silence.from_ms, silence.until_ms, silence.comment)
                    .run();
    if (!status.ok()) return status;
  }
  return {};
}

Result<std::vector<Silence>> read_silences(Connection& connection) {
  std::vector<Silence> silences;
  Query query = connection.query(kSilences);
  while (query.next()) {
    Silence silence;
    silence.id = static_cast<std::uint64_t>(query.integer(0));
    silence.sensor = query.text(1);
    silence.alert = query.text(2);
    Query labels = connection.query(kLabels, query.view(3));
    while (labels.next()) silence.labels[labels.text(0)] = labels.text(1);
    if (Status status = labels.status(); !status.ok()) return status.error();
    silence.from_ms = query.integer(4);
    silence.until_ms = query.integer(5);
    silence.comment = query.text(6);
    silences.push_back(std::move(silence));
  }
  return query.result(std::move(silences));
}

Result<std::vector<AlertEvent>> read_undelivered(Connection& connection) {
  std::vector<AlertEvent> events;
  Status status = each_event(connection, connection.query(kSlots), [&](const Query& query, AlertEvent event) {
    event.channels = {query.text(15)};
    events.push_back(std::move(event));
  });
  if (!status.ok()) return status.error();
  return events;
}

Result<std::vector<AlertEvent>> read_firing(Connection& connection) {
  std::vector<AlertEvent> events;
  Status status = each_event(connection, connection.query(kFiring),
                             [&](const Query&, AlertEvent event) { events.push_back(std::move(event)); });
  if (!status.ok()) return status.error();
  return events;
}

Result<std::vector<StoredAlert>> read_alert_history(Connection& connection, std::size_t limit) {
  std::vector<StoredAlert> events;
  Status status =
      each_event(connection, connection.query(kHistory, limit), [&](const Query& query, AlertEvent event) {
        events.push_back(StoredAlert{std::move(event), query.integer(0)});
      });
  if (!status.ok()) return status.error();
  return events;
}

Result<std::vector<AlertSpan>> read_alert_spans(Connection& connection, std::int64_t from_ms,
                                                std::int64_t to_ms) {
  // One pass in order: spans that ended before `from` leave the map again, so it holds little.
  std::map<std::string, AlertSpan> spans;
  Status status = each_event(connection, connection.query(kEvents), [&](const Query&, AlertEvent event) {
    if ((event.flags & kTest) || event.since_ms >= to_ms) return;
    bool resolved = event.state == AlertState::kResolved;
    if (resolved && event.at_ms <= from_ms) {
      spans.erase(event.id);
      return;
    }
    std::int64_t at_ms = event.at_ms;
    std::string id = event.id;
    // A resolved event whose firing one has been trimmed still tells of the span.
    auto [at, added] = spans.try_emplace(id, AlertSpan{std::move(event), 0, to_ms, true});
    if (added) {
      at->second.event.state = AlertState::kFiring;
      at->second.from_ms = std::max(from_ms, at->second.event.since_ms);
    }
    if (resolved && at_ms < to_ms) {
      at->second.to_ms = at_ms;
      at->second.open = false;
    }
  });
  if (!status.ok()) return status.error();
  std::vector<AlertSpan> result;
  result.reserve(spans.size());
  for (auto& [id, span] : spans) result.push_back(std::move(span));
  std::sort(result.begin(), result.end(), [](const AlertSpan& a, const AlertSpan& b) {
    return std::tie(a.event.since_ms, a.event.alert, a.event.sensor) <
           std::tie(b.event.since_ms, b.event.alert, b.event.sensor);
  });
  return result;
}

}  // namespace sluice
