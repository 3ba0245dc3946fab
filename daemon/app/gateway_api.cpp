#include "app/gateway_api.h"

#include <sys/statvfs.h>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "version.h"

namespace sluice {

namespace {

const char* state_name(IntakeState state) {
  switch (state) {
    case IntakeState::kDown:
      return "down";
    case IntakeState::kConnecting:
      return "connecting";
    case IntakeState::kSubscribing:
      return "subscribing";
    case IntakeState::kUp:
      return "up";
    case IntakeState::kHolding:
      return "holding";
    case IntakeState::kHeld:
      return "held";
  }
  return "down";
}

constexpr std::int64_t kStuckMs = 600000;  // a store that commits nothing for so long is not well
constexpr std::size_t kOutboxScan = 1000;

}  // namespace

GatewayApi::GatewayApi(const Settings& settings, Clock& clock, Journal& journal, Intake& intake,
                       AlertSlots& slots, StoreView& view, Vitals& vitals)
    : settings_(settings),
      clock_(clock),
      journal_(journal),
      intake_(intake),
      slots_(slots),
      view_(view),
      vitals_(vitals),
      started_(clock.now()) {}

StatusSnapshot GatewayApi::status() {
  StatusSnapshot s;
  const Instant now = clock_.now();
  s.gateway = settings_.gateway.id;
  s.version = kVersion;
  s.state = vitals_.stopping ? "stopping" : "running";
  s.at_ms = now.wall_ms;
  s.uptime_ms = now.boot_ms - started_.boot_ms;

  const SessionStatus session = vitals_.session.get();
  s.broker.state = state_name(session.state);
  s.broker.detail = session.detail;
  s.broker.session_present = session.session_present;
  if (session.round_trip) s.broker.round_trip_s = std::chrono::duration<double>(*session.round_trip).count();
  s.broker.refused_filters = session.refused;
  s.broker.since_ms = session.since_wall_ms;
  s.broker.connects = session.connects;

  s.intake.messages = intake_.messages();
  if (s.intake.messages > 0) s.intake.last_message_age_ms = now.boot_ms - intake_.last_message_boot_ms();
  s.intake.high_water = intake_.high_water();
  s.journal = {journal_.used_bytes(), journal_.capacity_bytes(),
               settings_.store.durability == Durability::kPower ? "power" : "crash", journal_.last_seq()};
  s.engine = {vitals_.records, vitals_.sensors, vitals_.firing};

  const StoreStatus store = vitals_.store.get();
  s.store.cursor_seq = vitals_.cursor_seq;
  s.store.rows = store.rows;
  s.store.size_bytes = store.size_bytes;
  s.store.transactions = store.transactions;
  s.store.write_bytes = store.write_bytes;
  if (vitals_.last_commit_boot_ms > 0) s.store.last_commit_age_ms = now.boot_ms - vitals_.last_commit_boot_ms;
  s.store.last_error = vitals_.store_error.get();

  s.clock = {vitals_.clock_trusted, clock_.synchronised()};
  struct statvfs disk {};
  if (statvfs(settings_.gateway.state_dir.c_str(), &disk) == 0) {
    s.disk.free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  add_outbox(s);
  add_problems(s);
  return s;
}

void GatewayApi::add_outbox(StatusSnapshot& s) {
  if (auto dirty = view_.dirty_days(); dirty.ok()) s.days.dirty = dirty->size();
  if (auto days = view_.summary_days(); days.ok() && !days->empty())
    s.days.newest_summary = format_date(days->back());
  auto items = view_.list(kOutboxScan);
  if (!items.ok()) return;
  for (const OutboxItem& item : *items) {
    if (item.state == OutboxState::kParked) ++s.outbox.parked;
    if (item.state != OutboxState::kPending) continue;
    ++s.outbox.pending;
    s.outbox.oldest_age_ms = std::max(s.outbox.oldest_age_ms.value_or(0), s.at_ms - item.created_ms);
    if (!item.note.empty()) s.outbox.last_error = item.note;
  }
}

void GatewayApi::add_problems(StatusSnapshot& s) {
  auto problem = [&s](std::string what, std::string advice) {
    s.problems.push_back({std::move(what), std::move(advice)});
  };
  if (s.broker.state != "up") {
    problem("not subscribed: " + (s.broker.detail.empty() ? s.broker.state : s.broker.detail),
            s.broker.state == "held"
                ? "the journal drains first; see the store below"
                : "check that the broker at " + settings_.mqtt.uri + " runs and accepts us");
  }
  for (const std::string& filter : s.broker.refused_filters) {
    problem("the broker refused the subscription " + filter, "check the broker's access control list");
  }
  if (!s.store.last_error.empty()) {
    problem("cannot store: " + s.store.last_error,
            "free space in " + settings_.gateway.state_dir + " or replace the card");
  }
  const std::string damage = vitals_.journal_damage.get();
  if (!damage.empty())
    problem(damage, "readings acknowledged before the last stop may be missing; check the disk");
  if (!s.clock.trusted)
    problem("the clock is not trusted yet", "set up NTP (timedatectl), or set clock.trust: always");
  if (s.outbox.parked > 0) {
    problem(std::to_string(s.outbox.parked) + " uploads were refused for good",
            "sluicectl upload status; then upload retry");
  }
  if (!s.outbox.last_error.empty())
    problem("uploads wait: " + s.outbox.last_error, "they are retried; sluicectl upload status");
  if (std::size_t waiting = slots_.undelivered(); waiting > 0) {
    problem(std::to_string(waiting) + " alerts are not delivered yet", "check the channels under notify");
  }
}

MetricsSnapshot GatewayApi::metrics() {
  MetricsSnapshot m;
  m.status = status();
  m.totals = vitals_.totals.get();
  m.start_seconds = static_cast<double>(started_.wall_ms) / 1000.0;
  read_process_facts(m);
  return m;
}

std::vector<HealthCheck> GatewayApi::health() {
  const StatusSnapshot s = status();
  const bool storing =
      s.store.last_error.empty() || (s.store.last_commit_age_ms && *s.store.last_commit_age_ms < kStuckMs);
  return {{"broker", s.broker.state == "up", true, s.broker.detail},
          {"store", storing, true, s.store.last_error},
          {"journal", s.journal.used_bytes * 2 < s.journal.capacity_bytes, false,
           "the journal is above high water"},
          {"clock", s.clock.trusted, false, "the clock is not trusted yet"}};
}

std::string alerts_json(const std::vector<AlertEvent>& events, const std::string& gateway) {
  std::string json = "[";
  for (const AlertEvent& event : events) json += (json.size() > 1 ? "," : "") + event_to_json(event, gateway);
  return json + "]";
}

Result<std::string> GatewayApi::alerts() {
  return alerts_json(slots_.standing(), settings_.gateway.id);
}

Result<std::string> GatewayApi::events(std::size_t limit) {
  auto history = view_.alert_history(limit);
  if (!history.ok()) return history.error();
  std::vector<AlertEvent> events;
  for (StoredAlert& stored : *history) events.push_back(std::move(stored.event));
  return alerts_json(events, settings_.gateway.id);
}

Result<std::string> GatewayApi::sensors() {
  auto sensors = view_.sensors();
  if (!sensors.ok()) return sensors.error();
  auto json = nlohmann::ordered_json::array();
  for (const SummarySensor& sensor : *sensors)
    json.push_back({{"sensor", sensor.name}, {"unit", sensor.unit}});
  return json.dump();
}

Result<std::string> GatewayApi::readings(const ReadingsQuery& query) {
  auto sensors = view_.sensors();
  if (!sensors.ok()) return sensors.error();
  std::map<SensorId, std::string> names;
  for (const SummarySensor& sensor : *sensors) {
    if (query.sensor.empty() || query.sensor == sensor.name) names[sensor.id] = sensor.name;
  }
  if (names.empty()) return make_error(ErrorCode::kNotFound, "no sensor named " + query.sensor);
  auto json = nlohmann::ordered_json::array();
  Status done = view_.visit_rows(query.from_ms, query.to_ms, [&](const Reading& row) {
    auto name = names.find(row.sensor);
    if (name == names.end() || json.size() >= query.limit) return;
    json.push_back({{"sensor", name->second}, {"time", format_rfc3339(row.time_ms)}, {"value", row.value}});
  });
  if (!done.ok()) return done.error();
  return json.dump();
}

Result<std::string> summaries_json(StoreView& view) {
  auto days = view.summary_days();
  if (!days.ok()) return days.error();
  auto json = nlohmann::ordered_json::array();
  for (Day day : *days) {
    auto newest = view.newest(day);
    if (!newest.ok()) return newest.error();
    if (!*newest) continue;
    json.push_back({{"date", format_date(day)},
                    {"revision", (*newest)->revision},
                    {"readings", (*newest)->row_count},
                    {"digest", (*newest)->digest},
                    {"made", format_rfc3339((*newest)->made_ms)}});
  }
  return json.dump();
}

Result<std::string> GatewayApi::summaries() {
  return summaries_json(view_);
}

Result<std::string> GatewayApi::summary(Day day, std::optional<int> revision) {
  auto found = revision ? view_.revision(day, *revision) : view_.newest(day);
  if (!found.ok()) return found.error();
  if (!*found)
    return make_error(ErrorCode::kNotFound,
                      "no summary of " + format_date(day) + (revision ? " with that revision" : " yet"));
  return (*found)->body;
}

std::string_view outbox_state_name(OutboxState state) {
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
  return "pending";
}

Result<std::string> outbox_json(StoreView& view, std::size_t limit) {
  auto items = view.list(limit);
  if (!items.ok()) return items.error();
  auto json = nlohmann::ordered_json::array();
  for (const OutboxItem& item : *items) {
    json.push_back({{"sink", item.sink},
                    {"date", format_date(item.day)},
                    {"revision", item.revision},
                    {"state", outbox_state_name(item.state)},
                    {"attempts", item.attempts},
                    {"key", item.key},
                    {"note", item.note}});
  }
  return json.dump();
}

Result<std::string> GatewayApi::outbox(std::size_t limit) {
  return outbox_json(view_, limit);
}

Result<std::string> GatewayApi::upload_now() {
  vitals_.upload_asked = true;
  return std::string(R"({"asked":"close every finished day and deliver what waits"})");
}

Result<std::string> GatewayApi::upload_retry() {
  auto items = view_.list(kOutboxScan);
  if (!items.ok()) return items.error();
  std::size_t waiting_again = 0;
  for (OutboxItem& item : *items) {
    if (item.state != OutboxState::kParked) continue;
    item.state = OutboxState::kPending;
    item.next_try_ms = 0;
    Status done = view_.update(item);
    if (!done.ok()) return done.error();
    ++waiting_again;
  }
  vitals_.upload_asked = true;
  return nlohmann::ordered_json{{"waiting_again", waiting_again}}.dump();
}

}  // namespace sluice
