#include "sim/gateway.h"

#include "alert/event_json.h"
#include "decode/decoder.h"
#include "intake/posix_journal_file.h"

namespace sluice::sim {

namespace {

constexpr std::uint16_t kReceiveMaximum = 20;
constexpr std::chrono::milliseconds kFlush{10000};
constexpr std::uint32_t kMaxPayloadBytes = 1024;

DecodeSettings decode_settings() {
  DecodeSettings decode;
  ReadingsEntry timed;
  timed.topic = "timed/+";
  timed.value = "/v";
  timed.time = "/t";
  ReadingsEntry plain;
  plain.topic = "plain/+";
  plain.format = PayloadFormat::kNumber;
  ReadingsEntry exact;
  exact.topic = "exact/+";
  exact.qos = 2;
  exact.format = PayloadFormat::kNumber;
  ReadingsEntry sloppy;  // QoS 0
  sloppy.topic = "sloppy/+";
  sloppy.qos = 0;
  sloppy.format = PayloadFormat::kNumber;
  decode.readings = {timed, plain, exact, sloppy};
  return decode;
}

BrokerSettings broker_settings(const GatewaySettings& settings) {
  BrokerSettings broker;
  broker.client_id = "sluice-sim";
  broker.heartbeat = settings.heartbeat;
  broker.receive_maximum = kReceiveMaximum;
  broker.max_payload_bytes = kMaxPayloadBytes;
  return broker;
}

}  // namespace

Result<std::unique_ptr<SimGateway>> SimGateway::start(const GatewaySettings& settings, const Machine& machine,
                                                      Log& log) {
  auto calendar = Calendar::load(settings.zone);
  if (!calendar.ok()) return calendar.error();
  std::unique_ptr<SimGateway> gateway(new SimGateway(settings, machine, log, std::move(*calendar)));
  if (Status done = gateway->wire_fold(); !done) return done.error();
  gateway->wire_intake();
  gateway->wire_channel();
  if (Status done = gateway->wire_days(); !done) return done.error();
  return gateway;
}

SimGateway::~SimGateway() {
  machine_.broker.report_to(nullptr);
}

Status SimGateway::wire_fold() {
  StoreSettings store;
  store.path = kDatabase;
  store.gateway = kGateway;
  store.vfs = machine_.vfs;
  store.retention = std::chrono::hours(24 * 3650);  // the oracle wants to see every row
  auto opened = Store::open(store, calendar_, log_);
  if (!opened.ok()) return opened.error();
  store_ = std::move(*opened);
  auto checkpoint = store_->load_checkpoint({3600000});
  if (!checkpoint.ok()) return checkpoint.error();
  EngineSettings engine;
  engine.decode = decode_settings();
  engine.alerts.gateway = kGateway;
  engine.alerts.channels = {"mqtt"};
  engine.alerts.rules = settings_.rules;
  engine.receive_maximum = kReceiveMaximum;
  engine_ = std::make_unique<Engine>(engine, calendar_, *checkpoint);
  slots_ = std::make_unique<AlertSlots>(std::vector<std::string>{"mqtt"});
  slots_->restore_standing(engine_->standing());
  slots_->restore_undelivered(checkpoint->undelivered);
  auto journal = start_journal({"/run", "/state", settings_.durability, settings_.journal_bytes,
                                "ring-" + std::to_string(settings_.starts)},
                               *engine_, *store_, *slots_, machine_.clock, log_);
  if (!journal.ok()) return journal.error();
  journal_ = std::move(journal->journal);
  unstored_ = std::move(journal->unstored);
  vitals_.journal_damage.set(journal->damage);
  clock_trust_ =
      std::make_unique<ClockTrust>(settings_.clock, 0, checkpoint->newest_row_ms, machine_.clock.now());
  auto started = journal_->append({RecordKind::kStart, 0, 0, machine_.clock.boot_id(), {}});
  if (!started.ok()) return started.error();
  return {};
}

void SimGateway::wire_intake() {
  const std::string heartbeat = std::string("sluice/") + kGateway + "/heartbeat";
  intake_ = std::make_unique<Intake>(*journal_, machine_.clock, heartbeat, kMaxPayloadBytes, [] {});
  std::vector<Subscription> filters;
  for (const auto& [filter, qos] : subscriptions_of(decode_settings().readings))
    filters.push_back({filter, qos});
  session_ = std::make_unique<Session>(broker_settings(settings_), filters, heartbeat, machine_.broker,
                                       *intake_, machine_.clock, log_, settings_.seed);
  machine_.broker.report_to(intake_.get());
  store_loop_ = std::make_unique<StoreLoop>(*store_, *journal_, machine_.clock, vitals_, log_);
  if (unstored_) store_loop_->put(std::move(*std::exchange(unstored_, std::nullopt)));
  engine_loop_ = std::make_unique<EngineLoop>(*engine_, *journal_, *intake_, *slots_, *store_loop_,
                                              machine_.clock, vitals_, log_, FlushSettings{kFlush, 5000});
}

void SimGateway::wire_channel() {
  channel_ = std::make_unique<MqttChannel>(
      machine_.receiver, machine_.clock, log_, kGateway,
      [](const AlertEvent& event) { return event_to_json(event, kGateway); },
      [this] { return slots_->standing_for("mqtt"); }, settings_.seed);
  NotifyLoop::Hooks hooks;
  hooks.close = [this] { channel_->close(R"({"state":"offline"})"); };
  notify_loop_ = std::make_unique<NotifyLoop>(
      NotifyEntry{"mqtt", MqttChannelSettings{}}, *channel_, slots_->channel("mqtt"),
      [this](const AlertEvent& event) { store_loop_->delivered(Store::Delivered::of(event, "mqtt")); },
      machine_.clock, vitals_, log_, std::move(hooks), settings_.seed);
}

Status SimGateway::wire_days() {
  // As on the store's thread, between two of its tasks.
  auto view =
      StoreView::open(kDatabase, machine_.vfs, calendar_, [this](const auto& job) { return job(*store_); });
  if (!view.ok()) return view.error();
  view_ = std::move(*view);
  SummarySettings summary;
  summary.gateway = kGateway;
  summariser_ = std::make_unique<Summariser>(
      summary, calendar_, *view_, [](const std::string&) { return SensorNotes{}; },
      std::vector<std::string>{machine_.upstream.name()});
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<SinkTo>(machine_.upstream));
  UploadSettings upload;
  upload.gateway = kGateway;
  uploader_ = std::make_unique<Uploader>(upload, *view_, std::move(sinks), log_, settings_.seed);
  day_loop_ = std::make_unique<DayLoop>(
      *summariser_, *uploader_, *view_,
      UploadSchedule(calendar_, upload.at_minutes, spread_offset_ms(kGateway, upload.spread)), *journal_,
      machine_.clock, vitals_, log_);
  return {};
}

void SimGateway::run_loops(int turns) {
  for (int i = 0; i < turns && alive(); ++i) {
    const bool more = engine_loop_->step();
    for (int task = 0; task < 3 && alive(); ++task) (void)store_loop_->step(std::chrono::milliseconds(0));
    if (!more) break;
  }
}

// Main, engine, store, notifier, days: one turn each.
void SimGateway::step() {
  step_beside_upload();
  if (alive()) day_loop_->step();
}

void SimGateway::step_beside_upload() {
  const Instant now = machine_.clock.now();
  const double ring =
      static_cast<double>(journal_->used_bytes()) / static_cast<double>(journal_->capacity_bytes());
  (void)session_->tick(now, ring);
  if (!trusted_ && clock_trust_->trusted(now, machine_.clock.synchronised()) && alive())
    trusted_ = journal_->append({RecordKind::kClockTrusted, 0, 0, {}, {}}).ok();
  run_loops(4);
  if (alive()) (void)notify_loop_->step(std::chrono::milliseconds(0));
}

void SimGateway::retry_uploads() {
  if (view_->retry({}).ok()) vitals_.deliver_asked = true;
}

bool SimGateway::leave() {
  session_->stop();
  return session_->stopped();
}

// As app/runtime ends its threads.
Status SimGateway::close() {
  vitals_.leaving = true;
  // The engine's last batches wait for room at the store, which has no thread here.
  for (int i = 0; i < 50 && alive() && (engine_->pending() || i < 4); ++i) {
    vitals_.flush_asked = true;
    run_loops(1);
  }
  vitals_.flush_asked = false;
  for (int task = 0; task < 4 && alive(); ++task) (void)store_loop_->step(std::chrono::milliseconds(0));
  if (!alive()) return {};
  if (!store_loop_->has_room()) return make_error(ErrorCode::kUnavailable, "the store stands still");
  engine_loop_->stop();
  engine_loop_->run();
  vitals_.stopping = true;
  if (alive()) notify_loop_->run();
  store_loop_->stop();
  store_loop_->run();
  Status kept;
  if (alive() && store_loop_->gave_up()) kept = copy_ring_file(*journal_, "/state");
  if (!alive()) return {};
  Status closed = store_->close_cleanly();
  return kept.ok() ? closed : kept;
}

Result<SummaryRevision> SimGateway::sum_again(Day day) {
  return summariser_->close(day, machine_.clock.now().wall_ms);
}

std::size_t SimGateway::undelivered() const {
  return notify_loop_->state().waiting;
}

}  // namespace sluice::sim
