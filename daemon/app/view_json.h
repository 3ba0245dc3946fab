// The lists of the HTTP API, and what a status can say without the daemon, read from the database. The
// daemon's ApiSource and sluicectl's fall-back give the same text because both come here. One thread a view.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "api/api_source.h"
#include "api/status.h"
#include "base/calendar.h"
#include "base/result.h"
#include "store/view.h"
#include "upload/upload_settings.h"

namespace sluice {

Result<std::string> alerts_json(StoreView& view, const std::string& gateway);  // those that stand
Result<std::string> silences_json(StoreView& view);
Result<std::string> events_json(StoreView& view, const std::string& gateway, std::size_t limit);
Result<std::string> quarantine_json(StoreView& view, const std::string& reason, std::size_t limit);
Result<std::string> readings_json(StoreView& view, const ReadingsQuery& query);
Result<std::string> summaries_json(StoreView& view, std::size_t limit);  // newest revision of each day
Result<std::string> summary_body(StoreView& view, Day day, std::optional<int> revision);
Result<std::string> outbox_json(StoreView& view, const OutboxSelection& which, std::size_t limit);

// kNotFound: `sink` is neither empty, nor the name of one of `sinks`, nor of one that something was meant
// for.
Status check_sink(StoreView& view, const std::vector<SinkSettings>& sinks, const std::string& sink);

// Fills what the tables know: cursor, sensors, alerts that stand, days, outbox.
Status fill_status(StoreView& view, std::int64_t now_wall_ms, StatusSnapshot& status);
// Stored, but in no span of time and on no day until the clock is trusted.
Result<std::uint64_t> waiting_for_clock(StoreView& view);
Result<Counts> ledger_total(StoreView& view);  // over all arrival days, and what waits for the clock

}  // namespace sluice
