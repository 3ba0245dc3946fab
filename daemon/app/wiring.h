// Wiring: constructs every part of the gateway in the order of the data flow and owns it. Members are
// destroyed in reverse, so nothing outlives what it refers to. Holds no thread and decides nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alert/alert_slots.h"
#include "api/http_server.h"
#include "api/listen_socket.h"
#include "api/router.h"
#include "app/day_loop.h"
#include "app/engine_loop.h"
#include "app/gateway_api.h"
#include "app/journal_start.h"
#include "app/reading_feed.h"
#include "app/reload.h"
#include "app/sensor_clock_watch.h"
#include "app/store_loop.h"
#include "app/vitals.h"
#include "app/wire_channels.h"
#include "base/calendar.h"
#include "base/log.h"
#include "config/settings.h"
#include "engine/engine.h"
#include "intake/clock_trust.h"
#include "intake/intake.h"
#include "intake/session.h"
#include "io/http_client.h"
#include "io/paho_broker_link.h"
#include "io/system_clock.h"
#include "store/store.h"
#include "store/view.h"
#include "summary/summariser.h"
#include "upload/uploader.h"

namespace sluice {

struct Wiring {
  Wiring(const Settings& given, Log& to, Reload& asked) : settings(given), log(to), reload(asked) {}

  const Settings& settings;
  Log& log;
  Reload& reload;
  SystemClock clock;
  Vitals vitals;
  int state_lock = -1;  // held open: one gateway a state directory
  std::unique_ptr<Store> store;
  std::unique_ptr<ReadingFeed> reading_feed;
  std::unique_ptr<SensorClockWatch> sensor_clocks;
  std::unique_ptr<AlertSlots> slots;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Journal> journal;
  std::optional<Batch> unstored;  // of the start, until the store loop has it
  std::unique_ptr<StoreLoop> store_loop;
  std::unique_ptr<Intake> intake;
  std::unique_ptr<PahoBrokerLink> link;
  std::vector<AlertEvent> told_before;  // of what stands at the start
  bool connected_before = false;        // in an earlier life
  BrokerSession broker_session;         // what the broker shall hold of us
  bool former_subscribed = false;       // it may hold more than that
  std::unique_ptr<Session> session;
  std::unique_ptr<ClockTrust> clock_trust;
  std::unique_ptr<EngineLoop> engine_loop;
  std::vector<WiredChannel> channels;
  std::unique_ptr<StoreView> day_view;
  std::unique_ptr<Summariser> summariser;
  std::unique_ptr<HttpClient> upload_client;
  std::unique_ptr<Uploader> uploader;
  std::unique_ptr<DayLoop> day_loop;
  std::unique_ptr<StoreView> api_view;
  std::unique_ptr<GatewayApi> api;
  Router router;
  std::unique_ptr<HttpServer> http;

  ~Wiring();
};

// Opens the store, folds what the journal still holds, and builds the rest. `api_socket` is opened where it
// is null; whoever asks between two wirings waits there. `wake_main` wakes the main thread. `progress` is
// called again and again meanwhile, from this one.
Result<std::unique_ptr<Wiring>> wire(const Settings& settings, Log& log, Reload& reload,
                                     std::unique_ptr<UnixSocket>& api_socket, std::function<void()> wake_main,
                                     const std::function<void()>& progress);

// The session has ended: notes what the broker holds of us from now on. Before the store is closed.
void keep_broker_session(Wiring& w);

// A file of this name says that the database was found damaged while it was in use: the next start moves it
// aside.
std::string damage_mark(const std::string& database);

}  // namespace sluice
