#include "app/backtest.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/time_text.h"
#include "ctl/backtest_report.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"

namespace sluice {

namespace {

// Whatever keeps it from reading: 1 says that configurations differ, nothing else.
int fail_to_read(const CommandContext& context, const Error& error) {
  (void)fail(context, error);
  return kExitUnreachable;
}

int refuse(const CommandContext& context, const std::string& why) {
  context.err << "sluicectl: " << why << "\n";
  return kExitUsage;
}

}  // namespace

int run_backtest(const CommandContext& context) {
  const CommandLine& line = context.line;
  if (line.from_ms && line.to_ms && *line.from_ms >= *line.to_ms)
    return refuse(context, "--from must be before --to");
  const std::int64_t now_ms = context.clock.now().wall_ms;
  if (line.from_ms && *line.from_ms > now_ms) {
    return refuse(context, "--from: " + format_rfc3339(*line.from_ms) + " is in the future");
  }
  std::optional<Settings> against;
  if (!line.against.empty()) {
    Result<Settings> loaded = load_settings(line.against, NamedFiles::kNotLookedAt);
    if (!loaded) {
      context.err << loaded.error().context << "\n";
      return kExitConfiguration;
    }
    against = std::move(*loaded);
  }
  Result<std::unique_ptr<StoreView>> view = context.gateway.open_database();
  if (!view) return fail_to_read(context, view.error());

  std::vector<const Settings*> configurations;
  if (against) configurations.push_back(&*against);
  configurations.push_back(&context.settings);
  BacktestOptions options;
  options.from_ms = line.from_ms;
  options.to_ms = line.to_ms;
  options.sensor = line.filter;
  BacktestHooks hooks;
  const bool show_progress = ::isatty(STDERR_FILENO) != 0;
  if (show_progress) {
    hooks.progress = [&](std::uint64_t done, std::uint64_t total) {
      context.err << fmt::format("\r{} of {} readings  ", done, total) << std::flush;
    };
  }
  Result<BacktestReport> report = backtest(**view, configurations, options, hooks);
  if (show_progress) context.err << "\r\x1b[K";
  if (!report) return fail_to_read(context, report.error());

  const BacktestTexts texts{*report, configurations, line.config, line.against};
  if (!against) {
    line.json ? write_backtest_json(texts, nullptr, context.out) : write_backtest(texts, context.out);
    return kExitFine;
  }
  const EpisodeComparison comparison = compare(report->episodes.front(), report->episodes.back());
  line.json ? write_backtest_json(texts, &comparison, context.out)
            : write_comparison(texts, comparison, context.out);
  return comparison.differs() ? kExitFindings : kExitFine;
}

}  // namespace sluice
