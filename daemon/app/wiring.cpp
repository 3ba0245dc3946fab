#include "app/wiring.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

#include "api/bearer_token.h"
#include "api/routes.h"
#include "app/store_setup.h"
#include "app/summary_setup.h"
#include "app/view_json.h"
#include "base/time_text.h"
#include "decode/decoder.h"
#include "decode/sensor_profile.h"
#include "engine/watched.h"
#include "upload/file_sink.h"
#include "upload/http_sink.h"
#include "version.h"

namespace sluice {

namespace {

Status make_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) == 0 || errno == EEXIST) return {};
  return make_error(ErrorCode::kIo, "cannot make the folder " + path + ": " + std::strerror(errno) +
                                        "; make it, and give it to the user that sluiced runs as");
}

struct OpenedStore {
  std::unique_ptr<Store> store;
  Checkpoint checkpoint;
};

Result<OpenedStore> try_store(const StoreSettings& settings, const Lookback& lookback,
                              const Calendar& calendar, Log& log) {
  auto store = Store::open(settings, calendar, log);
  if (!store.ok()) return store.error();
  auto checkpoint = (*store)->load_checkpoint(lookback);
  if (!checkpoint.ok()) return checkpoint.error();
  return OpenedStore{std::move(*store), std::move(*checkpoint)};
}

// A database that cannot be read is kept for a person to look at, and a new one is begun.
Result<OpenedStore> open_store(const StoreSettings& settings, const Lookback& lookback,
                               const Calendar& calendar, Clock& clock, ConditionBoard& conditions, Log& log) {
  const std::string mark = damage_mark(settings.path);
  if (::access(mark.c_str(), F_OK) != 0) {
    auto opened = try_store(settings, lookback, calendar, log);
    if (opened.ok() || opened.error().code != ErrorCode::kCorrupt) return opened;
    log.error("{}", opened.error().context);
  }
  std::string aside = settings.path + ".corrupt-" + format_rfc3339(clock.now().wall_ms);
  log.error("the database is moved to {} and a new one is begun", aside);
  conditions.happened("database-damaged", "kept as " + aside);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (::rename((settings.path + suffix).c_str(), (aside + suffix).c_str()) != 0 && errno != ENOENT) {
      return make_error(ErrorCode::kIo,
                        "cannot move " + settings.path + suffix + " aside: " + std::strerror(errno));
    }
  }
  ::unlink(mark.c_str());
  return try_store(settings, lookback, calendar, log);
}

std::vector<std::string> channel_names(const Settings& settings) {
  std::vector<std::string> names;
  for (const NotifyEntry& entry : settings.notify) names.push_back(entry.name);
  return names;
}

EngineSettings engine_settings(const Settings& settings) {
  EngineSettings engine;
  engine.decode = settings.decode;
  engine.alerts = settings.alerts;
  engine.alerts.gateway = settings.gateway.id;
  engine.alerts.channels = channel_names(settings);
  engine.gateway_alerts = settings.gateway_alerts;
  engine.receive_maximum = settings.mqtt.receive_maximum;
  engine.built_ms = kBuildMs;
  return engine;
}

Lookback lookback_of(const Settings& settings) {
  Lookback lookback;
  lookback.last_ms = 3600000;
  for (const Rule& rule : settings.alerts.rules) {
    lookback.last_ms = std::max<std::int64_t>(lookback.last_ms, (rule.silent_for + rule.hold).count());
  }
  lookback.recall_ms = [&settings](const std::string& sensor) {
    return recall_ms(settings.decode, settings.alerts, sensor);
  };
  lookback.recent_max = settings.alerts.window_samples;
  lookback.ahead_ms = settings.decode.max_future.count();
  return lookback;
}

// What a new configuration may fail by comes before its rules move anything. Who asks already waits.
Status wire_http(Wiring& w) {
  w.http = std::make_unique<HttpServer>(w.router, HttpLimits{});
  if (w.settings.api.listen.empty()) return {};
  std::string token;
  if (!w.settings.api.token_file.empty()) {
    auto read = read_token_file(w.settings.api.token_file);
    if (!read.ok()) return read.error();
    token = *read;
  }
  return w.http->open_tcp(w.settings.api.listen, token);
}

Status wire_fold(Wiring& w, const Calendar& calendar, const std::function<void()>& progress) {
  auto opened = open_store(store_settings(w.settings), lookback_of(w.settings), calendar, w.clock,
                           w.vitals.conditions, w.log);
  if (!opened.ok()) return opened.error();
  w.store = std::move(opened->store);
  const Checkpoint& checkpoint = opened->checkpoint;
  w.reading_feed = std::make_unique<ReadingFeed>(checkpoint);
  w.told_before = checkpoint.standing;
  w.connected_before = checkpoint.clock.connected_since_ms != 0;
  w.vitals.check_database = w.store->was_unclean();
  w.engine = std::make_unique<Engine>(engine_settings(w.settings), w.store->calendar(), checkpoint);
  w.slots = std::make_unique<AlertSlots>(channel_names(w.settings));
  w.slots->restore_standing(w.engine->standing());
  w.slots->restore_undelivered(checkpoint.undelivered);
  const JournalPlaces places{w.settings.gateway.runtime_dir, w.settings.gateway.state_dir,
                             w.settings.store.durability, w.settings.store.journal_size_bytes};
  auto journal = start_journal(places, *w.engine, *w.store, *w.slots, w.clock, w.log, progress);
  if (!journal.ok()) return journal.error();
  w.journal = std::move(journal->journal);
  w.unstored = std::move(journal->unstored);
  w.vitals.journal_damage.set(journal->damage);
  if (!journal->damage.empty()) w.vitals.conditions.happened("journal-damaged", journal->damage);
  w.vitals.conditions.set("journal-elsewhere", !journal->elsewhere.empty(), journal->elsewhere);
  w.vitals.conditions.begin(w.engine->conditions_on());
  w.clock_trust =
      std::make_unique<ClockTrust>(w.settings.clock, kBuildMs, checkpoint.newest_row_ms, w.clock.now());
  for (const auto& [kind, topic] : {std::pair{RecordKind::kStart, w.clock.boot_id()},
                                    std::pair{RecordKind::kConfigured, w.settings.digest}}) {
    auto appended = w.journal->append({kind, 0, 0, topic, {}});
    if (!appended.ok()) return appended.error();
  }
  return {};
}

// What the broker may hold of us from now on is noted before it is asked for.
FormerSession former_session(Wiring& w) {
  FormerSession former;
  BrokerSession held = w.broker_session;
  const auto stored = w.store->broker_session();
  if (stored.ok() && stored->client_id == held.client_id) {
    former.expected = w.connected_before;
    std::set_difference(stored->filters.begin(), stored->filters.end(), held.filters.begin(),
                        held.filters.end(), std::back_inserter(former.filters));
    held.filters.insert(held.filters.end(), former.filters.begin(), former.filters.end());
    std::sort(held.filters.begin(), held.filters.end());
  }
  w.former_subscribed = !former.filters.empty();
  if (stored.ok() && *stored == held) return former;
  if (Status kept = w.store->keep_broker_session(held); !kept) {
    w.log.warning("the filters could not be noted, so that one which goes may stay subscribed: {}",
                  kept.error().context);
  }
  return former;
}

constexpr std::chrono::milliseconds kPace{20};  // half a ring of small messages lasts for minutes

void wire_intake(Wiring& w, std::function<void()> wake_main) {
  const std::string heartbeat = "sluice/" + w.settings.gateway.id + "/heartbeat";
  w.intake = std::make_unique<Intake>(*w.journal, w.clock, heartbeat, w.settings.mqtt.max_payload_bytes,
                                      std::move(wake_main));
  w.intake->set_pace(kPace);
  w.link = std::make_unique<PahoBrokerLink>(w.settings.mqtt, *w.intake);
  std::vector<Subscription> filters;
  for (const auto& [filter, qos] : subscriptions_of(w.settings.decode.readings))
    filters.push_back({filter, qos});
  w.broker_session = {w.settings.mqtt.client_id, {heartbeat}};
  for (const Subscription& wanted : filters) w.broker_session.filters.push_back(wanted.filter);
  std::sort(w.broker_session.filters.begin(), w.broker_session.filters.end());
  w.session = std::make_unique<Session>(w.settings.mqtt, filters, heartbeat, *w.link, *w.intake, w.clock,
                                        w.log, std::random_device{}(), former_session(w));
  w.store_loop = std::make_unique<StoreLoop>(*w.store, *w.journal, w.clock, w.vitals, w.log);
  ReadingFeed& feed = *w.reading_feed;
  w.sensor_clocks = std::make_unique<SensorClockWatch>(w.settings.alerts.max_age, w.vitals.conditions,
                                                       [&feed](SensorId id) { return feed.name_of(id); });
  w.store_loop->on_stored([&feed, &clocks = *w.sensor_clocks](const Batch& batch) {
    feed.stored(batch);
    clocks.stored(batch);
  });
  if (w.unstored) w.store_loop->put(std::move(*std::exchange(w.unstored, std::nullopt)));
  w.engine_loop = std::make_unique<EngineLoop>(
      *w.engine, *w.journal, *w.intake, *w.slots, *w.store_loop, w.clock, w.vitals, w.log,
      FlushSettings{w.settings.store.flush, w.settings.store.flush_rows});
}

Status wire_days(Wiring& w, const Calendar& calendar) {
  auto view = StoreView::open(w.settings.gateway.state_dir + "/sluice.db", "", calendar,
                              [loop = w.store_loop.get()](const auto& job) { return loop->call(job); });
  if (!view.ok()) return view.error();
  w.day_view = std::move(*view);
  w.upload_client = std::make_unique<HttpClient>(&w.vitals.stopping);
  std::vector<std::unique_ptr<Sink>> sinks;
  std::vector<std::string> names;
  for (const SinkSettings& sink : w.settings.upload.to) {
    names.push_back(sink.name);
    if (sink.type == "http") {
      sinks.push_back(std::make_unique<HttpSink>(
          sink, [client = w.upload_client.get()](const HttpCall& call) { return client->request(call); }));
    } else {
      sinks.push_back(std::make_unique<FileSink>(sink.name, sink.path));
    }
  }
  w.summariser = std::make_unique<Summariser>(summary_settings(w.settings), calendar, *w.day_view,
                                              sensor_notes(w.settings), names);
  UploadSettings upload = w.settings.upload;
  upload.gateway = w.settings.gateway.id;
  w.uploader =
      std::make_unique<Uploader>(upload, *w.day_view, std::move(sinks), w.log, std::random_device{}());
  UploadSchedule schedule(calendar, upload.at_minutes, spread_offset_ms(upload.gateway, upload.spread));
  w.day_loop = std::make_unique<DayLoop>(*w.summariser, *w.uploader, *w.day_view, schedule, *w.journal,
                                         w.clock, w.vitals, w.log);
  return {};
}

Status wire_api(Wiring& w, const Calendar& calendar, std::unique_ptr<UnixSocket>& socket) {
  auto view = StoreView::open(w.settings.gateway.state_dir + "/sluice.db", "", calendar,
                              [loop = w.store_loop.get()](const auto& job) { return loop->call(job); });
  if (!view.ok()) return view.error();
  w.api_view = std::move(*view);
  auto totals = ledger_total(*w.api_view);
  if (!totals.ok()) return totals.error();
  w.vitals.totals.set(*totals);
  w.api = std::make_unique<GatewayApi>(
      w.settings, w.clock, *w.journal, *w.intake, *w.slots, w.channels, *w.api_view, w.vitals, w.reload,
      [loop = w.engine_loop.get()](const auto& job) { return loop->call(job); });
  add_routes(w.router, *w.api);
  if (!socket) {
    auto opened = UnixSocket::open(w.settings.gateway.runtime_dir + "/api.sock");
    if (!opened.ok()) return opened.error();
    socket = std::move(*opened);
  }
  return w.http->serve(*socket);
}

}  // namespace

std::string damage_mark(const std::string& database) {
  return database + ".damaged";
}

void keep_broker_session(Wiring& w) {
  if (!w.former_subscribed || !w.session->status().former_left) return;
  if (Status kept = w.store->keep_broker_session(w.broker_session); !kept) {
    w.log.warning("filters that were left could not be forgotten: {}", kept.error().context);
  }
}

Wiring::~Wiring() {
  if (state_lock >= 0) ::close(state_lock);
}

Result<std::unique_ptr<Wiring>> wire(const Settings& settings, Log& log, Reload& reload,
                                     std::unique_ptr<UnixSocket>& api_socket, std::function<void()> wake_main,
                                     const std::function<void()>& progress) {
  auto calendar = Calendar::load(settings.gateway.timezone);
  if (!calendar.ok()) return calendar.error();
  auto w = std::make_unique<Wiring>(settings, log, reload);
  for (const std::string& folder : {settings.gateway.state_dir, settings.gateway.runtime_dir}) {
    if (Status made = make_folder(folder); !made.ok()) return made.error();
  }
  auto lock = lock_state(settings.gateway.state_dir);
  if (!lock.ok()) return lock.error();
  w->state_lock = *lock;
  if (Status done = wire_http(*w); !done.ok()) return done.error();
  if (Status done = wire_fold(*w, *calendar, progress); !done.ok()) return done.error();
  wire_intake(*w, std::move(wake_main));
  w->channels = wire_channels(
      {settings, w->clock, log, w->vitals, *w->slots, *w->store_loop, *w->reading_feed, w->told_before});
  Status done = wire_days(*w, w->store->calendar());
  if (done.ok()) done = wire_api(*w, w->store->calendar(), api_socket);
  if (done.ok()) {
    // It is in force now. A channel that comes back one day is not told what one of its name was not.
    if (Status kept = w->store->keep_slots_of(channel_names(settings)); !kept.ok()) {
      log.warning("what channels were not told that are gone is kept for now: {}", kept.error().context);
    }
    return w;
  }
  // Nothing but the configuration is wrong: whoever opens it next need not check it.
  if (!w->vitals.check_database) (void)w->store->close_cleanly();
  return done.error();
}

}  // namespace sluice
