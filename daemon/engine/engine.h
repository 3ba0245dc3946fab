// Engine: the fold over the journal. Records in, events and batches out; RAM only, no I/O, one thread. The
// same records from the same checkpoint give the same readings, transitions, ids and counters.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/alert_fold.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "decode/decode_settings.h"
#include "model/batch.h"
#include "model/journal_record.h"

namespace sluice {

struct EngineSettings {
  std::string gateway;
  DecodeSettings decode;
  AlertSettings alerts;
  std::size_t receive_maximum = 100;        // redelivery triples remembered
  std::int64_t snapshot_every_ms = 600000;  // sensors' last values are stored this often
};

// Counted since start, for metrics; the ledger has the lifetime counts.
struct EngineStatus {
  std::uint64_t records = 0;
  std::size_t sensors = 0;
  std::size_t firing = 0;
  std::int64_t last_record_wall_ms = 0;
};

class Engine {
 public:
  Engine(EngineSettings settings, Calendar calendar, const Checkpoint& checkpoint);
  ~Engine();

  // Folds one record in; its seq must be the last one's + 1.
  void handle(const JournalRecord& record);
  // Runs deadlines due by `now`; only when no record is waiting (Journal::wait gives such a `now`).
  void advance(Instant now);
  std::optional<std::int64_t> next_deadline_boot_ms() const;
  // Gives up on a record that crashed the engine twice: quarantined and counted, nothing decoded.
  void give_up(const JournalRecord& record);
  void count_overload(std::uint64_t messages, Instant now);  // QoS 0 dropped above high water

  // Transitions since the last call, in order, for the notifiers; they are in the next batch as well.
  std::vector<AlertEvent> take_events();
  std::size_t pending_readings() const;  // in the batch so far
  bool pending() const;                  // is there anything to store?
  Batch take_batch();                    // cuts the batch

  EngineStatus status() const;
  std::vector<SensorLast> last_values() const;
  std::vector<RuleState> rule_states() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
