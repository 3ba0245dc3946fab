// Engine: the fold over the journal. Records in, events and batches out; RAM only, no I/O, one thread. The
// same records from the same checkpoint give the same readings, transitions, ids and counters: every change
// has a record that caused it, and time is what the records say.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "alert/alert_fold.h"
#include "alert/gateway_alert_settings.h"
#include "alert/rule_explanation.h"
#include "base/calendar.h"
#include "base/result.h"
#include "decode/decode_settings.h"
#include "engine/registry.h"
#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

struct EngineSettings {
  DecodeSettings decode;
  AlertSettings alerts;
  GatewayAlertSettings gateway_alerts;
  std::size_t receive_maximum = 100;        // live deliveries remembered over a restart
  std::int64_t snapshot_every_ms = 600000;  // sensors' last values are stored this often
  std::size_t quarantine_per_batch = 20;    // samples kept of one batch
  std::int64_t built_ms = 0;                // a clock that was never set is taken to show no earlier time
};

struct EngineStatus {
  std::uint64_t records = 0;  // since start
  std::size_t sensors = 0;
  std::size_t firing = 0;
  std::size_t pairs = 0;  // of rules and sensors
  bool clock_trusted = false;
  std::uint64_t derived_not_finite = 0;  // since start: results of derived sensors that were no number
  std::uint64_t figures_not_finite = 0;  // likewise, figures of windows
};

class Engine {
 public:
  Engine(EngineSettings settings, Calendar calendar, const Checkpoint& checkpoint);
  ~Engine();

  // Folds one record in; its seq is later than the last one's.
  void handle(const JournalRecord& record);
  // Gives up on a record that crashed the engine twice: quarantined and counted, nothing decoded.
  void give_up(const JournalRecord& record);
  // QoS 0 messages dropped above high water since the last call; counted on the day of the next record.
  void count_overload(std::uint64_t messages);
  // Records up to `seq` were given up, with so many messages and readings that no ledger has counted: they
  // are counted on the last day that is known, and not folded. `clock`: as it was after them; without a boot
  // id nothing is known of it.
  void skip_dropped(std::uint64_t seq, std::uint64_t messages, std::uint64_t readings,
                    const StreamClockState& clock);

  // Boot-clock time at which a kTick record is wanted, if no other record comes before.
  std::optional<std::int64_t> next_deadline_boot_ms() const;

  std::vector<AlertEvent> take_events();     // transitions since the last call, in order, for the notifiers
  std::vector<AlertEvent> standing() const;  // firing and told
  std::vector<KeptBack> kept_back() const;   // firing, and nobody is told of it now
  const std::vector<Silence>& silences() const;
  std::size_t pending_readings() const;  // of batches not taken
  bool pending() const;                  // is there anything to store?
  Batch take_batch();                    // the oldest; cuts it if it is still growing
  std::uint64_t last_seq() const;

  EngineStatus status() const;
  // Where a rule stands on a sensor at `boot_ms`, which is now. kNotFound: no such sensor or rule;
  // kInvalid: the rule does not watch that sensor.
  Result<RuleExplanation> explain(const std::string& sensor, const std::string& rule,
                                  std::int64_t boot_ms) const;
  // When the newest message of each readings entry came, since the last kStart record; 0: none did.
  const std::vector<std::int64_t>& heard_boot_ms() const;
  std::vector<CutWindow> cut_windows() const;  // rules that see less than their window
  void visit_sensors(const std::function<void(const SensorEntryState&)>& visit) const;
  // Everything that has to be equal after a replay: for tests.
  std::vector<SensorLast> last_values() const;
  std::vector<RuleState> rule_states() const;
  std::vector<std::string> conditions_on() const;  // of the gateway, by the records so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
