#include "app/gateway_api.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "alert/event_json.h"
#include "alert/silence_json.h"
#include "alert/telling.h"
#include "app/live_json.h"
#include "app/status_problems.h"
#include "app/view_json.h"
#include "base/time_text.h"
#include "decode/topic_filter.h"
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

constexpr int kReadsMax = 50;
constexpr std::int64_t kStuckMs = 600000;  // a store that commits nothing for so long is not well

// Empty: any. Alerts about the gateway itself cannot be silenced.
Status is_a_rule(const Settings& settings, const std::string& name) {
  std::string known;
  for (const Rule& rule : settings.alerts.rules) {
    if (rule.name == name) return {};
    known += (known.empty() ? "" : ", ") + rule.name;
  }
  if (name.empty()) return {};
  return make_error(ErrorCode::kNotFound, "no alert is named \"" + name + "\"; there is " +
                                              (known.empty() ? "none under alerts" : known));
}

// A filter over sensor names, of which the gateway itself is none.
Status is_of_sensors(const std::string& filter) {
  if (Status good = check_topic_filter(filter); !good.ok()) {
    return make_error(ErrorCode::kInvalid, "sensor: " + good.error().context);
  }
  const std::string gateway = kGatewaySensorName;
  if (filter != gateway && !filter.starts_with(gateway + '/')) return {};
  return make_error(ErrorCode::kNotFound,
                    "sensor: alerts about the gateway itself cannot be silenced; gateway_alerts in the "
                    "configuration says which of them there are and who is told");
}

}  // namespace

GatewayApi::GatewayApi(const Settings& settings, Clock& clock, Journal& journal, Intake& intake,
                       AlertSlots& slots, const std::vector<WiredChannel>& channels, StoreView& view,
                       Vitals& vitals, Reload& reload, OnEngine on_engine)
    : settings_(settings),
      clock_(clock),
      journal_(journal),
      intake_(intake),
      slots_(slots),
      channels_(channels),
      channel_tests_(settings, clock, channels),
      view_(view),
      vitals_(vitals),
      reload_(reload),
      on_engine_(std::move(on_engine)),
      certificates_(certificate_files(settings)),
      started_(clock.now()) {}

Instant GatewayApi::process_started() const {
  return vitals_.process_started.boot_ms == 0 ? started_ : vitals_.process_started;
}

StatusSnapshot GatewayApi::status() {
  StatusSnapshot s;
  const Instant now = clock_.now();
  (void)fill_status(view_, now.wall_ms, s);  // what cannot be read stays empty
  s.gateway = settings_.gateway.id;
  s.version = kVersion;
  s.generation = reload_.generation();
  s.state = vitals_.stopping ? "stopping" : "running";
  s.at_ms = now.wall_ms;
  s.uptime_ms = now.boot_ms - process_started().boot_ms;
  s.counting_ms = now.boot_ms - started_.boot_ms;

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
  s.engine = {vitals_.records, vitals_.sensors, vitals_.firing, vitals_.derived_not_finite,
              vitals_.figures_not_finite};

  for (const WiredChannel& channel : channels_) s.channels.push_back(channel.loop->state());

  const StoreStatus store = vitals_.store.get();
  s.store.cursor_seq = vitals_.cursor_seq;
  s.store.rows = store.rows;
  s.store.size_bytes = store.size_bytes;
  s.store.transactions = store.transactions;
  s.store.write_bytes = store.write_bytes;
  if (vitals_.last_commit_boot_ms > 0) s.store.last_commit_age_ms = now.boot_ms - vitals_.last_commit_boot_ms;
  s.store.last_error = vitals_.store_error.get();
  s.store.dropped_uncounted = vitals_.dropped_uncounted;

  s.clock = {vitals_.clock_trusted, clock_.synchronised(),
             now.wall_ms - (now.boot_ms - vitals_.clock_since_boot_ms), s.clock.unset_rows};
  struct statvfs disk {};
  if (statvfs(settings_.gateway.state_dir.c_str(), &disk) == 0) {
    s.disk.free_bytes = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  }
  s.outbox.dropped = vitals_.uploads_dropped;
  MetricsSnapshot process;
  read_process_facts(process);
  s.process.resident_bytes = process.resident_bytes;
  s.certificates = certificates_.newest(now.boot_ms);
  add_problems(s, {settings_, now, vitals_.heard_boot_ms.get(), slots_.standing(),
                   vitals_.journal_damage.get(), session.starved, vitals_.cut_windows.get()});
  return s;
}

MetricsSnapshot GatewayApi::metrics() {
  MetricsSnapshot m;
  m.status = status();
  m.totals = vitals_.totals.get();
  for (const GatewayAlertKind& kind : kGatewayAlertKinds) m.gateway_alerts[std::string(kind.name)] = false;
  for (const AlertEvent& event : slots_.standing()) {
    if (event.sensor == kGatewaySensorName) m.gateway_alerts[event.alert] = true;
  }
  m.inbox_refused = vitals_.inbox_refused + intake_.events().refused();
  m.layers_differ = vitals_.layers_differ;
  m.start_seconds = static_cast<double>(process_started().wall_ms) / 1000.0;
  read_process_facts(m);
  return m;
}

std::vector<HealthCheck> GatewayApi::health() {
  const SessionStatus session = vitals_.session.get();
  const std::string stuck = vitals_.stuck.get();
  const std::string error = vitals_.store_error.get();
  const std::int64_t commit_boot_ms = vitals_.last_commit_boot_ms;
  const bool fresh = commit_boot_ms > 0 && clock_.now().boot_ms - commit_boot_ms < kStuckMs;
  return {{"progress", stuck.empty(), Vital::kLife, stuck},
          {"broker", session.state == IntakeState::kUp, Vital::kReadiness, session.detail},
          {"store", error.empty() || fresh, Vital::kReadiness, error},
          {"journal", journal_.used_bytes() * 2 < journal_.capacity_bytes(), Vital::kNothing,
           "the journal is above high water"},
          {"clock", vitals_.clock_trusted, Vital::kNothing, "the clock is not trusted yet"}};
}

// Those that were told, as they were told; then those of which nobody was.
Result<std::string> GatewayApi::alerts(std::size_t limit) {
  std::vector<KeptBack> kept;
  // Without an answer the others are worth showing.
  (void)on_engine_([&](Engine& engine) { kept = engine.kept_back(); });
  std::map<std::pair<std::string, std::string>, std::string> notes;
  for (const KeptBack& alert : kept) notes[{alert.event.alert, alert.event.sensor}] = alert.note;
  std::string json = "[";
  const auto add = [&](const AlertEvent& event) {
    if (limit == 0) return;
    --limit;
    auto note = notes.find({event.alert, event.sensor});
    json += (json.size() > 1 ? "," : "") +
            event_to_json(event, settings_.gateway.id, note == notes.end() ? "" : note->second);
  };
  for (const AlertEvent& event : slots_.standing()) add(event);
  for (const KeptBack& alert : kept) {
    if (alert.event.flags & kQuiet) add(alert.event);
  }
  return json + "]\n";
}

Result<std::string> GatewayApi::events(std::size_t limit) {
  return events_json(view_, settings_.gateway.id, limit);
}
Result<std::string> GatewayApi::sensors(std::int64_t after, std::size_t limit) {
  SensorPage page;
  Status asked = on_engine_([&](Engine& engine) { page = sensor_page(engine, after, limit); });
  if (!asked.ok()) return asked.error();
  return sensors_json(page, clock_.now().wall_ms);
}
Result<std::string> GatewayApi::readings(const ReadingsQuery& query) {
  return readings_json(view_, query);
}
Result<std::string> GatewayApi::quarantine(const std::string& reason, std::size_t limit) {
  return quarantine_json(view_, reason, limit);
}
Result<std::string> GatewayApi::why(const std::string& sensor, const std::string& rule) {
  Result<RuleExplanation> about = RuleExplanation{};
  Status asked =
      on_engine_([&](Engine& engine) { about = engine.explain(sensor, rule, clock_.now().boot_ms); });
  if (!asked.ok()) return asked.error();
  if (!about.ok()) return about.error();
  return why_json(view_, sensor, rule, *about, clock_.now().wall_ms);
}
Result<std::string> GatewayApi::summaries(std::size_t limit) {
  return summaries_json(view_, limit);
}
Result<std::string> GatewayApi::summary(Day day, std::optional<int> revision) {
  return summary_body(view_, day, revision);
}
Result<std::string> GatewayApi::outbox(const OutboxSelection& which, std::size_t limit) {
  if (Status known = check_sink(view_, settings_.upload.to, which.sink); !known.ok()) return known.error();
  return outbox_json(view_, which, limit);
}

Result<std::string> GatewayApi::upload_now() {
  vitals_.upload_asked = true;
  return std::string(R"({"asked":"close every finished day and deliver what waits"})") + "\n";
}

// As the engine has them: the database follows.
Result<std::vector<Silence>> GatewayApi::live_silences() {
  std::vector<Silence> silences;
  Status asked = on_engine_([&](Engine& engine) { silences = engine.silences(); });
  if (!asked.ok()) return asked.error();
  const std::int64_t now_ms = clock_.now().wall_ms;
  std::erase_if(silences, [now_ms](const Silence& silence) { return silence.until_ms <= now_ms; });
  return silences;
}

Result<std::string> GatewayApi::silences() {
  auto standing = live_silences();
  if (!standing.ok()) return standing.error();
  return silences_to_json(*standing) + "\n";
}

// A record in the journal, which the engine finds next; it is in force when this returns.
Result<std::string> GatewayApi::silence(const std::string& body) {
  auto silence = silence_from_request(body);
  if (!silence.ok()) return silence.error();
  if (Status filter = is_of_sensors(silence->sensor); !filter.ok()) return filter.error();
  if (Status known = is_a_rule(settings_, silence->alert); !known.ok()) return known.error();
  if (silence->until_ms <= clock_.now().wall_ms) {
    return make_error(ErrorCode::kInvalid, "until: expected a time that has not passed yet");
  }
  auto standing = live_silences();
  if (!standing.ok()) return standing.error();
  if (standing->size() >= Telling::kSilencesMax) {
    return make_error(ErrorCode::kFull, "there are too many silences; end some of them first");
  }
  auto id = journal_.append({RecordKind::kSilence, 0, 0, {}, silence_to_json(*silence)});
  if (!id.ok()) return id.error();
  if (Status read = engine_reads(*id); !read.ok()) return read.error();
  vitals_.flush_asked = true;
  return nlohmann::ordered_json{{"id", *id}}.dump() + "\n";
}

Result<std::string> GatewayApi::unsilence(std::uint64_t id) {
  auto standing = live_silences();
  if (!standing.ok()) return standing.error();
  const bool known = std::any_of(standing->begin(), standing->end(),
                                 [id](const Silence& silence) { return silence.id == id; });
  if (!known) return make_error(ErrorCode::kNotFound, "there is no silence " + std::to_string(id));
  auto appended = journal_.append({RecordKind::kUnsilence, 0, 0, std::to_string(id), {}});
  if (!appended.ok()) return appended.error();
  if (Status read = engine_reads(*appended); !read.ok()) return read.error();
  vitals_.flush_asked = true;
  return nlohmann::ordered_json{{"ended", id}}.dump() + "\n";
}

Result<std::string> GatewayApi::upload_retry(const OutboxSelection& which) {
  if (Status known = check_sink(view_, settings_.upload.to, which.sink); !known.ok()) return known.error();
  auto changed = view_.retry(which);
  if (!changed.ok()) return changed.error();
  vitals_.deliver_asked = true;
  return nlohmann::ordered_json{{"waiting_again", *changed}}.dump() + "\n";
}

Result<std::string> GatewayApi::upload_discard(const OutboxSelection& which) {
  if (Status known = check_sink(view_, settings_.upload.to, which.sink); !known.ok()) return known.error();
  auto changed = view_.discard(which, clock_.now().wall_ms);
  if (!changed.ok()) return changed.error();
  return nlohmann::ordered_json{{"discarded", *changed}}.dump() + "\n";
}

Result<std::string> GatewayApi::store_now() {
  const std::uint64_t seq = journal_.last_seq();
  if (Status read = engine_reads(seq); !read.ok()) return read.error();
  vitals_.flush_asked = true;
  return nlohmann::ordered_json{{"seq", seq}}.dump() + "\n";
}

// The engine reads within a millisecond; behind a long backlog nobody waits for it.
Status GatewayApi::engine_reads(std::uint64_t seq) {
  bool read = false;
  for (int i = 0; i < kReadsMax && !read; ++i) {
    Status asked = on_engine_([&](Engine& engine) { read = engine.last_seq() >= seq; });
    if (!asked.ok()) return asked;
  }
  if (read) return {};
  return make_error(
      ErrorCode::kUnavailable,
      "it is recorded, but the engine is behind and has not read it yet: ask later whether it has");
}

Result<std::string> GatewayApi::reload() {
  Result<std::uint64_t> asked = reload_.ask();
  if (!asked.ok()) return asked.error();
  return nlohmann::ordered_json{{"asked", "put the configuration file in force"}, {"generation", *asked}}
             .dump() +
         "\n";
}

}  // namespace sluice
