// Summary revisions and what has to be delivered of them, as tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "model/outbox_selection.h"
#include "store/sqlite.h"
#include "summary/day_table.h"
#include "upload/outbox.h"

namespace sluice {

// Within the caller's transaction.
Status write_revision(Connection& connection, const Calendar& calendar, const SummaryRevision& revision,
                      const std::vector<std::string>& sinks, std::uint64_t touched, bool unchanged);
Status write_outbox(Connection& connection, const OutboxItem& item);
Result<int> expire_outbox(Connection& connection, std::int64_t created_before_ms);
// Orders of a person; how many items they changed.
Result<int> retry_outbox(Connection& connection, const OutboxSelection& which);
Result<int> discard_outbox(Connection& connection, const OutboxSelection& which, std::int64_t now_wall_ms);

Result<std::optional<SummaryRevision>> read_revision(Connection& connection, Day day, int revision);
Result<std::optional<SummaryRevision>> read_newest_revision(Connection& connection, Day day);
Result<std::vector<Day>> read_summary_days(Connection& connection);
Result<std::vector<OutboxItem>> read_waiting(Connection& connection, const std::string& sink,
                                             std::size_t limit);
Result<std::vector<OutboxItem>> read_outbox(Connection& connection, const OutboxSelection& which,
                                            std::size_t limit);
Result<std::string> read_body(Connection& connection, Day day, int revision);

}  // namespace sluice
