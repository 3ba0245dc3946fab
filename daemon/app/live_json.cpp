#include "app/live_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/time_text.h"
#include "decode/topic_filter.h"
#include "engine/watched.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kNewestShown = 5;

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json time_or_null(std::int64_t ms) {
  return ms > 0 ? Json(format_rfc3339(ms)) : Json(nullptr);
}

}  // namespace

SensorPage sensor_page(const Engine& engine, std::int64_t after, std::size_t limit) {
  SensorPage page;
  std::int64_t seen = after;
  engine.visit_sensors([&](const SensorEntryState& sensor) {
    if (sensor.id <= seen) return;
    if (page.lines.size() == limit) {
      page.next = seen;
      return;
    }
    seen = sensor.id;
    SensorLine& line = page.lines.emplace_back();
    line.name = sensor.name;
    line.unit = sensor.profile.unit;
    line.last = sensor.last;
    line.interval_ms = sensor.interval_ms;
    line.rejected = sensor.rejected;
    if (sensor.rejected > 0) line.last_reject = counter_name(sensor.last_reject);
  });
  return page;
}

Result<SensorPage> all_sensors(StoreView& view) {
  Result<Checkpoint> checkpoint = view.checkpoint();
  if (!checkpoint) return checkpoint.error();
  std::unordered_map<SensorId, const SensorLast*> last;
  for (const SensorLast& value : checkpoint->last) last[value.id] = &value;
  SensorPage page;
  for (const SensorRow& sensor : checkpoint->sensors) {
    SensorLine& line = page.lines.emplace_back();
    line.name = sensor.name;
    line.unit = sensor.unit;
    if (auto found = last.find(sensor.id); found != last.end()) line.last = *found->second;
  }
  return page;
}

std::string sensors_json(const SensorPage& page, std::int64_t now_wall_ms) {
  Json list = Json::array();
  for (const SensorLine& line : page.lines) {
    const bool heard = line.last.time_ms != 0;
    list.push_back(
        Json{{"sensor", line.name},
             {"unit", line.unit},
             {"value", heard ? Json(line.last.value) : Json(nullptr)},
             {"time", time_or_null(line.last.time_ms)},
             {"age_s", heard ? Json(std::max<std::int64_t>(0, now_wall_ms - line.last.time_ms) / 1000)
                             : Json(nullptr)},
             {"per_minute", line.interval_ms > 0 ? Json(60000.0 / line.interval_ms) : Json(nullptr)},
             {"rejected", line.rejected ? Json(*line.rejected) : Json(nullptr)},
             {"last_reject", line.last_reject.empty() ? Json(nullptr) : Json(line.last_reject)}});
  }
  return text_of(Json{{"sensors", std::move(list)}, {"next", page.next ? Json(*page.next) : Json(nullptr)}});
}

Result<std::string> why_json(StoreView& view, const std::string& sensor, const std::string& rule,
                             const RuleExplanation& about, std::int64_t now_wall_ms) {
  Json json{{"sensor", sensor},
            {"rule", rule},
            {"state", phase_name(about.phase)},
            {"since", time_or_null(about.since_ms)},
            {"deadline", about.deadline_ms ? time_or_null(*about.deadline_ms) : Json(nullptr)},
            {"condition", about.condition},
            {"value", about.value ? Json(*about.value) : Json(nullptr)},
            {"value_at", time_or_null(about.value_at_ms)},
            {"value_age_ms",
             about.value ? Json(std::max<std::int64_t>(0, now_wall_ms - about.value_at_ms)) : Json(nullptr)},
            {"text", about.text},
            {"unit", about.unit},
            {"newest", Json::array()}};
  auto sensors = view.sensors();
  if (!sensors) return sensors.error();
  const auto found = std::find_if(sensors->begin(), sensors->end(),
                                  [&](const SummarySensor& known) { return known.name == sensor; });
  if (found == sensors->end()) return text_of(json);  // heard, and not stored yet
  auto rows = view.newest_rows(found->id, kNewestShown);
  if (!rows) return rows.error();
  for (const Reading& row : *rows) {
    json["newest"].push_back(Json{{"time", format_rfc3339(row.time_ms)}, {"value", row.value}});
  }
  return text_of(json);
}

Result<RuleExplanation> explain_stored(StoreView& view, const Settings& settings, const std::string& sensor,
                                       const std::string& rule) {
  Result<Checkpoint> checkpoint = view.checkpoint();
  if (!checkpoint) return checkpoint.error();
  const auto known = std::find_if(checkpoint->sensors.begin(), checkpoint->sensors.end(),
                                  [&](const SensorRow& row) { return row.name == sensor; });
  if (known == checkpoint->sensors.end()) {
    return make_error(ErrorCode::kNotFound,
                      "no sensor is named \"" + sensor + "\"; sluicectl sensors lists those there are");
  }
  auto watching = rule_watching(settings.alerts.rules, rule, sensor, topic_matches);
  if (!watching) return watching.error();
  SensorLast last;
  last.id = known->id;
  for (const SensorLast& value : checkpoint->last) {
    if (value.id == known->id) last = value;
  }
  const StreamClockState& clock = checkpoint->clock;
  const FoldTime time{clock.stream_ms, clock.subscribed_ms, clock.wall_minus_stream_ms, clock.connected,
                      clock.backlog};
  RuleExplanation about =
      explain_rule(**watching, checkpoint->rule_states, last, is_registered(settings.decode, sensor), time);
  about.unit = known->unit;
  auto firing = view.firing_alerts();
  if (!firing) return firing.error();
  for (const AlertEvent& event : *firing) {
    const std::string note = kept_back_note(event.flags);
    if (event.alert == rule && event.sensor == sensor && !note.empty()) about.text += "; " + note;
  }
  return about;
}

}  // namespace sluice
