// SimGateway: one process of the whole gateway, built of the product's own classes as app/wiring builds them,
// without threads: step() gives each loop its turn. Destroying it is what a kill is: nothing is closed; after
// leave() and close() it is a clean stop. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "alert/alert_slots.h"
#include "alert/mqtt_channel.h"
#include "app/day_loop.h"
#include "app/engine_loop.h"
#include "app/journal_start.h"
#include "app/notify_loop.h"
#include "app/store_loop.h"
#include "intake/clock_trust.h"
#include "sim/broker.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/receivers.h"

namespace sluice::sim {

inline constexpr char kGateway[] = "sim";
inline constexpr char kDatabase[] = "/state/sluice.db";

struct GatewaySettings {
  std::string zone = "Europe/Berlin";
  Durability durability = Durability::kCrash;
  std::uint64_t journal_bytes = 64 * 1024;
  std::uint64_t seed = 1;
  int starts = 0;  // of processes so far; no two rings have the same id
  ClockSettings clock;
  std::chrono::milliseconds heartbeat{60000};
  std::vector<Rule> rules;
};

struct Machine {
  SimDisk& disk;
  SimClock& clock;
  SimBroker& broker;
  SimReceiver& receiver;
  SimUpstream& upstream;
  const std::string& vfs;
};

class SimGateway {
 public:
  static Result<std::unique_ptr<SimGateway>> start(const GatewaySettings& settings, const Machine& machine,
                                                   Log& log);
  ~SimGateway();

  void step();
  void step_beside_upload();  // of all but the one that waits for the upstream
  void retry_uploads();       // those that were refused
  // Asks to leave the session, and whether it has been left; then close() stores what is left. An error:
  // something is only in the journal of /run.
  bool leave();
  Status close();
  bool trusts_clock() const { return trusted_; }
  bool has_unstored() const { return engine_->pending() || !vitals_.store_error.get().empty(); }
  const Vitals& vitals() const { return vitals_; }
  const Session& session() const { return *session_; }
  const Journal& journal() const { return *journal_; }
  std::size_t undelivered() const;
  StoreView& view() { return *view_; }
  Result<SummaryRevision> sum_again(Day day);
  const Calendar& calendar() const { return calendar_; }

 private:
  SimGateway(GatewaySettings settings, const Machine& machine, Log& log, Calendar calendar)
      : settings_(std::move(settings)), machine_(machine), log_(log), calendar_(std::move(calendar)) {}
  Status wire_fold();
  void wire_intake();
  void wire_channel();
  Status wire_days();
  bool alive() const { return !machine_.disk.dead(); }
  void run_loops(int turns);

  const GatewaySettings settings_;
  const Machine machine_;
  Log& log_;
  Calendar calendar_;
  Vitals vitals_;
  bool trusted_ = false;
  std::optional<Batch> unstored_;  // of the start
  std::unique_ptr<Store> store_;
  std::unique_ptr<AlertSlots> slots_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<ClockTrust> clock_trust_;
  std::unique_ptr<StoreLoop> store_loop_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<EngineLoop> engine_loop_;
  std::unique_ptr<MqttChannel> channel_;
  std::unique_ptr<NotifyLoop> notify_loop_;
  std::unique_ptr<StoreView> view_;
  std::unique_ptr<Summariser> summariser_;
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<DayLoop> day_loop_;
};

}  // namespace sluice::sim
