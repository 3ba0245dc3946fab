// backtest: what rules would have told, had they been in force while the stored readings came. The rows go
// through AlertFold once more in the order of their arrival, at the clocks of then, with a deadline run when
// it was due; so a reading that was late then is late here, and an old one is not. Rules of several
// configurations are folded side by side. Reads in pieces, writes nothing. One thread.
//
// The database has no record of moments without a reading. So, where a connection was lost between two
// readings it is taken to have been lost right after the first; a session's backlog and an unset clock last
// until a reading says otherwise; silences are not known, none is applied; values are as they were
// calibrated then; for derived sensors, readings of one millisecond count as those of one message. Hours are
// in each configuration's own zone.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/episodes.h"
#include "config/settings.h"
#include "store/view.h"

namespace sluice {

struct BacktestOptions {
  std::optional<std::int64_t> from_ms;  // wall; episodes that stand within [from, to) are reported
  std::optional<std::int64_t> to_ms;
  std::string sensor;  // filter; empty: all
  std::size_t rows_per_read = 20000;
};

struct BacktestReport {
  std::vector<Episodes> episodes;  // one a configuration
  std::uint64_t rows = 0;          // folded, with those of the time before `from` that rules look back on
  std::size_t sensors = 0;         // heard in them and watched
  std::int64_t from_ms = 0;        // the time looked at
  std::int64_t to_ms = 0;
  bool expired = false;  // older rows have been there
};

struct BacktestHooks {
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};          // rows, about
  std::function<void(std::size_t configuration, const AlertEvent& event)> event = {};  // each, in order
};

// How long before `from` the fold begins: beyond what any rule looks back on or waits for, and a day.
std::int64_t warm_up_ms(const AlertSettings& alerts);

Result<BacktestReport> backtest(StoreView& view, const std::vector<const Settings*>& configurations,
                                const BacktestOptions& options, const BacktestHooks& hooks);

}  // namespace sluice
