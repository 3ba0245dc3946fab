#include "app/view_json.h"

#include "alert/silence_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_map>

#include "alert/event_json.h"
#include "alert/kept_back.h"
#include "base/time_text.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kRejected = "_rejected/";
constexpr std::size_t kOutboxScanMax = 100'000;

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// Events have a published form of their own, which is put into the list as it is.
std::string events_text(const std::vector<AlertEvent>& events, const std::string& gateway, bool standing) {
  std::string text = "[";
  for (std::size_t i = 0; i < events.size(); ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") +
            event_to_json(events[i], gateway, standing ? kept_back_note(events[i].flags) : "");
  }
  return text + (events.empty() ? "]\n" : "\n]\n");
}

Json flag_names_of(std::uint32_t flags) {
  static constexpr struct {
    ReadingFlag bit;
    const char* name;
  } kNames[] = {
      {kPayloadTime, "payload_time"}, {kDuplicate, "duplicate"},
      {kRetained, "retained"},        {kQueued, "queued"},
      {kClockUnset, "clock_unset"},   {kTimeEstimated, "time_estimated"},
      {kTooLate, "too_late"},         {kFoundDuplicate, "repeated"},
      {kImported, "imported"},
  };
  Json names = Json::array();
  for (const auto& entry : kNames) {
    if ((flags & entry.bit) != 0) names.push_back(entry.name);
  }
  return names;
}

const char* state_name(OutboxState state) {
  switch (state) {
    case OutboxState::kPending:
      return "pending";
    case OutboxState::kDelivered:
      return "delivered";
    case OutboxState::kParked:
      return "parked";
    case OutboxState::kDiscarded:
      return "discarded";
  }
  return "unknown";
}

bool is_reason(const std::string& counter) {
  return counter.find(kRejected) != std::string::npos;
}

bool asked_for(const std::string& counter, const std::string& reason) {
  return reason.empty() || counter == reason || counter.ends_with("/" + reason);
}

// kNotFound: nothing is ever rejected for that.
Status check_reason(const std::string& reason) {
  std::string known;
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const std::string name(counter_name(static_cast<Counter>(i)));
    if (!is_reason(name)) continue;
    if (asked_for(name, reason)) return {};
    const std::string word = name.substr(name.find('/') + 1);
    if ((", " + known + ", ").find(", " + word + ", ") == std::string::npos) {
      known += (known.empty() ? "" : ", ") + word;
    }
  }
  return make_error(ErrorCode::kNotFound,
                    "nothing is rejected for \"" + reason + "\"; the reasons are " + known);
}

Json time_or_null(std::int64_t ms) {
  return ms > 0 ? Json(format_rfc3339(ms)) : Json(nullptr);
}

}  // namespace

Result<std::string> alerts_json(StoreView& view, const std::string& gateway) {
  auto firing = view.firing_alerts();
  if (!firing) return firing.error();
  return events_text(*firing, gateway, true);
}

Result<std::string> silences_json(StoreView& view) {
  auto silences = view.silences();
  if (!silences) return silences.error();
  return silences_to_json(*silences) + "\n";
}

Result<std::string> events_json(StoreView& view, const std::string& gateway, std::size_t limit) {
  auto history = view.alert_history(limit);
  if (!history) return history.error();
  std::vector<AlertEvent> events;
  for (StoredAlert& stored : *history) events.push_back(std::move(stored.event));
  return events_text(events, gateway, false);
}

Result<std::string> quarantine_json(StoreView& view, const std::string& reason, std::size_t limit) {
  if (Status known = check_reason(reason); !known.ok()) return known.error();
  auto totals = ledger_total(view);
  if (!totals) return totals.error();
  auto samples = view.quarantine(reason, limit);
  if (!samples) return samples.error();
  Json json{{"counts", Json::object()}, {"samples", Json::array()}};
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const std::string name(counter_name(static_cast<Counter>(i)));
    if (totals->values[i] > 0 && is_reason(name) && asked_for(name, reason)) {
      json["counts"][name] = totals->values[i];
    }
  }
  for (const StoredSample& sample : *samples) {
    json["samples"].push_back(Json{{"at", format_rfc3339(sample.at_ms)},
                                   {"topic", sample.topic},
                                   {"reason", sample.reason},
                                   {"payload", sample.payload}});
  }
  return text_of(json);
}

Result<std::string> readings_json(StoreView& view, const ReadingsQuery& query) {
  StoreView::PageQuery wanted{query.from_ms, query.to_ms, query.after, {}, query.limit};
  if (!query.sensor.empty()) {
    auto sensors = view.sensors();
    if (!sensors) return sensors.error();
    for (const SummarySensor& sensor : *sensors) {
      if (sensor.name == query.sensor) wanted.sensor = sensor.id;
    }
    if (!wanted.sensor) {
      return make_error(ErrorCode::kNotFound,
                        "no sensor is named \"" + query.sensor + "\"; /api/v1/sensors lists those there are");
    }
  }
  auto page = view.page(wanted);
  if (!page) return page.error();
  auto sensors = view.sensors();  // after the rows, so that each of theirs is among them
  if (!sensors) return sensors.error();
  std::unordered_map<SensorId, const SummarySensor*> known;
  for (const SummarySensor& sensor : *sensors) known[sensor.id] = &sensor;
  Json list = Json::array();
  for (const Reading& reading : page->rows) {
    const SummarySensor& sensor = *known.at(reading.sensor);
    list.push_back(Json{{"sensor", sensor.name},
                        {"time", format_rfc3339(reading.time_ms)},
                        {"value", reading.value},
                        {"unit", sensor.unit},
                        {"flags", flag_names_of(reading.flags)}});
  }
  auto waiting = waiting_for_clock(view);
  if (!waiting) return waiting.error();
  return text_of(Json{{"readings", std::move(list)},
                      {"next", page->next ? Json(*page->next) : Json(nullptr)},
                      {"waiting_for_clock", *waiting}});
}

Result<std::string> summaries_json(StoreView& view, std::size_t limit) {
  auto days = view.summary_days();
  if (!days) return days.error();
  if (days->size() > limit) days->erase(days->begin(), days->end() - static_cast<std::ptrdiff_t>(limit));
  Json list = Json::array();
  for (Day day : *days) {
    auto newest = view.newest(day);
    if (!newest) return newest.error();
    auto state = view.day_state(day);
    if (!state) return state.error();
    if (!*newest) continue;
    list.push_back(Json{{"date", format_date(day)},
                        {"revision", (*newest)->revision},
                        {"made", format_rfc3339((*newest)->made_ms)},
                        {"readings", (*newest)->row_count},
                        {"digest", (*newest)->digest},
                        {"key", (*newest)->key},
                        {"dirty", *state && (*state)->dirty}});
  }
  return text_of(list);
}

Result<std::string> summary_body(StoreView& view, Day day, std::optional<int> revision) {
  auto found = revision ? view.revision(day, *revision) : view.newest(day);
  if (!found) return found.error();
  if (!*found) {
    const std::string which = revision ? "revision " + std::to_string(*revision) : "summary";
    return make_error(ErrorCode::kNotFound, "there is no " + which + " of " + format_date(day));
  }
  return std::move((*found)->body);
}

Result<std::string> outbox_json(StoreView& view, const OutboxSelection& which, std::size_t limit) {
  auto items = view.list(limit, which);
  if (!items) return items.error();
  Json list = Json::array();
  for (const OutboxItem& item : *items) {
    list.push_back(
        Json{{"id", item.id},
             {"sink", item.sink},
             {"date", format_date(item.day)},
             {"revision", item.revision},
             {"state", state_name(item.state)},
             {"attempts", item.attempts},
             {"created", time_or_null(item.created_ms)},
             {"next_try", time_or_null(item.state == OutboxState::kPending ? item.next_try_ms : 0)},
             {"done", time_or_null(item.done_ms)},
             {"key", item.key},
             {"note", item.note}});
  }
  return text_of(list);
}

Status check_sink(StoreView& view, const std::vector<SinkSettings>& sinks, const std::string& sink) {
  if (sink.empty()) return {};
  std::string known;
  for (const SinkSettings& one : sinks) {
    if (one.name == sink) return {};
    known += (known.empty() ? "" : ", ") + one.name;
  }
  auto items = view.list(1, {sink, {}});
  if (!items.ok()) return items.error();
  if (!items->empty()) return {};
  return make_error(ErrorCode::kNotFound, "no sink is named \"" + sink + "\"; there is " +
                                              (known.empty() ? "none under upload.to" : known));
}

Status fill_status(StoreView& view, std::int64_t now_wall_ms, StatusSnapshot& status) {
  auto cursor = view.cursor();
  auto sensors = view.sensors();
  auto firing = view.firing_alerts();
  auto dirty = view.dirty_days();
  auto days = view.summary_days();
  auto items = view.list(kOutboxScanMax);
  if (!cursor) return cursor.error();
  if (!sensors) return sensors.error();
  if (!firing) return firing.error();
  if (!dirty) return dirty.error();
  if (!days) return days.error();
  if (!items) return items.error();
  status.store.cursor_seq = cursor->seq;
  status.engine.sensors = sensors->size();
  status.engine.firing = firing->size();
  const Day today = view.calendar().day_of(now_wall_ms);
  status.days.dirty = static_cast<std::uint64_t>(
      std::count_if(dirty->begin(), dirty->end(), [today](const DayState& day) { return day.day < today; }));
  status.days.newest_summary = days->empty() ? "" : format_date(days->back());
  auto waiting = waiting_for_clock(view);
  if (!waiting) return waiting.error();
  status.clock.unset_rows = *waiting;
  status.outbox = {};
  std::int64_t oldest_ms = now_wall_ms;
  for (const OutboxItem& item : *items) {
    const bool pending = item.state == OutboxState::kPending;
    if (pending || item.state == OutboxState::kParked) ++status.outbox.waiting[item.sink];
    if (pending) oldest_ms = std::min(oldest_ms, item.created_ms);
    status.outbox.pending += pending ? 1 : 0;
    status.outbox.parked += item.state == OutboxState::kParked ? 1 : 0;
    const bool failed = item.state == OutboxState::kParked || (pending && item.attempts > 0);
    if (failed && status.outbox.last_error.empty()) status.outbox.last_error = item.note;
  }
  if (status.outbox.pending > 0) status.outbox.oldest_age_ms = now_wall_ms - oldest_ms;
  return {};
}

Result<std::uint64_t> waiting_for_clock(StoreView& view) {
  auto unset = view.unset_counts();
  if (!unset) return unset.error();
  return (*unset)[Counter::kReadingsStored] + (*unset)[Counter::kReadingsDuplicate];
}

Result<Counts> ledger_total(StoreView& view) {
  auto ledger = view.ledger();
  if (!ledger) return ledger.error();
  Counts total;
  for (const auto& line : *ledger) total.add(line.second);
  auto unset = view.unset_counts();
  if (!unset) return unset.error();
  total.add(*unset);
  return total;
}

}  // namespace sluice
