// Alert events, the slots of channels that have not been told yet, and rule states, as tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/batch.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "store/view.h"

namespace sluice {

// Within the caller's transaction.
Status write_rule_states(Connection& connection, const std::vector<RuleState>& states);
Status write_alert_events(Connection& connection, const std::vector<AlertEvent>& events,
                          std::uint32_t events_max);
Status delete_slots(Connection& connection, const std::vector<Store::Delivered>& delivered,
                    std::vector<Store::Delivered>& absent);
Status delete_slots_of_others(Connection& connection, const std::vector<std::string>& channels);

Result<std::vector<RuleState>> read_rule_states(Connection& connection);
Status write_silences(Connection& connection, const std::vector<SilenceChange>& changes);
Result<std::vector<Silence>> read_silences(Connection& connection);
Result<std::vector<AlertEvent>> read_undelivered(Connection& connection);  // one channel each, oldest first
Result<std::vector<AlertEvent>> read_firing(Connection& connection);
Result<std::vector<StoredAlert>> read_alert_history(Connection& connection, std::size_t limit);
Result<std::vector<AlertSpan>> read_alert_spans(Connection& connection, std::int64_t from_ms,
                                                std::int64_t to_ms);

}  // namespace sluice
