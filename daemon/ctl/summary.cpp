#include <fmt/format.h>

#include "app/summary_setup.h"
#include "app/view_json.h"
#include "base/counted.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/json_table.h"
#include "summary/summary_view.h"

namespace sluice {

namespace {

constexpr std::size_t kDaysListed = 400;  // as many as the daemon lists

int list_days(const CommandContext& context) {
  Result<std::string> json = context.gateway.read(
      "/api/v1/summaries", [](StoreView& view) { return summaries_json(view, kDaysListed); });
  if (!json) return fail(context, json.error());
  if (context.line.json) {
    context.out << *json;
    return kExitFine;
  }
  Result<Table> table = table_of(*json, {{"day", "date"},
                                         {"revision", "revision", Table::Align::kRight},
                                         {"readings", "readings", Table::Align::kRight},
                                         {"made", "made"},
                                         {"newer rows", "dirty"}});
  if (!table) return fail(context, table.error());
  context.out << (table->empty() ? "no day has a summary yet\n" : table->text());
  return kExitFine;
}

std::string summary_text(const SummaryView& summary) {
  std::string text = fmt::format(
      "{} in {}, revision {}{}\nreadings: {} stored, {} late, {} duplicate, {} rejected, {} dropped\n",
      format_date(summary.day), summary.timezone, summary.revision, summary.complete ? "" : ", incomplete",
      summary.counts.stored, summary.counts.late, summary.counts.duplicate, summary.counts.rejected,
      summary.counts.dropped);
  Table table;
  table.column("sensor");
  table.column("unit");
  for (const char* title :
       {"count", "min", "mean", "max", "stddev", "p50", "p95", "last", "coverage", "in alert"}) {
    table.column(title, Table::Align::kRight);
  }
  for (const SummaryView::Sensor& s : summary.sensors) {
    table.row({s.sensor, s.unit, std::to_string(s.count), number_text(s.min), number_text(s.mean),
               number_text(s.max), number_text(s.stddev), number_text(s.p50), number_text(s.p95),
               number_text(s.last), s.coverage ? fmt::format("{:.1f} %", *s.coverage * 100) : "-",
               s.in_alert_s > 0 ? fmt::format("{:.0f} s", s.in_alert_s) : "-"});
  }
  if (!table.empty()) text += "\n" + table.text();
  if (!summary.alerts.empty()) {
    text += fmt::format("\n{}\n", counted(summary.alerts.size(), "alert"));
  }
  return text;
}

// From the readings in the database, without the daemon; what it would write when the day is closed.
Result<std::string> body_of_now(const CommandContext& context) {
  context.gateway.wait_stored();
  Result<std::unique_ptr<StoreView>> view = context.gateway.open_database();
  if (!view) return view.error();
  const std::int64_t now_ms = context.clock.now().wall_ms;
  Summariser summariser(summary_settings(context.settings), (*view)->calendar(), **view,
                        sensor_notes(context.settings), {});
  Result<SummaryRevision> made =
      summariser.compute(context.line.day.value_or((*view)->calendar().day_of(now_ms)), now_ms);
  if (!made) return made.error();
  return std::move(made->body);
}

Result<std::string> stored_body(const CommandContext& context) {
  const std::string path = "/api/v1/summaries/" + format_date(*context.line.day) +
                           (context.line.revision ? "/" + std::to_string(*context.line.revision) : "");
  Result<std::string> body = context.gateway.read(
      path, [&](StoreView& view) { return summary_body(view, *context.line.day, context.line.revision); });
  if (body || body.error().code != ErrorCode::kNotFound || context.line.revision) return body;
  return make_error(ErrorCode::kNotFound,
                    body.error().context + "; --dry-run sums it now, as far as it has readings");
}

int show_day(const CommandContext& context) {
  Result<std::string> body = context.line.dry_run ? body_of_now(context) : stored_body(context);
  if (!body) return fail(context, body.error());
  if (context.line.json) {
    context.out << *body;  // the frozen bytes
    return kExitFine;
  }
  Result<SummaryView> summary = summary_from_json(*body);
  if (!summary) return fail(context, summary.error());
  context.out << summary_text(*summary);
  return kExitFine;
}

}  // namespace

int run_summary(const CommandContext& context) {
  return context.line.day || context.line.dry_run ? show_day(context) : list_days(context);
}

}  // namespace sluice
