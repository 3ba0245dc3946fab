#include "app/audit.h"
#include "base/counted.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/table.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

const char* verdict(const AuditDay& day) {
  if (day.faulty) return "WRONG";
  if (day.beyond_checking) return "expired";
  if (day.open) return "open";
  return "proved";
}

std::string to_json(const AuditReport& report) {
  Json json;
  json["rows"] = report.rows;
  json["batches"] = report.batches;
  json["revisions"] = report.revisions;
  json["outbox_items"] = report.outbox_items;
  json["waiting_for_clock"] = report.waiting_for_clock;
  json["days"] = Json::array();
  for (const auto& [day, audited] : report.days) {
    json["days"].push_back(Json{{"date", format_date(day)},
                                {"verdict", verdict(audited)},
                                {"messages", audited.messages},
                                {"rows", audited.rows},
                                {"expired", audited.expired},
                                {"revisions", audited.revisions},
                                {"recomputed", audited.recomputed}});
  }
  json["findings"] = Json::array();
  for (const AuditFinding& finding : report.findings) {
    json["findings"].push_back(Json{{"date", finding.day ? Json(format_date(*finding.day)) : Json(nullptr)},
                                    {"what", finding.what}});
  }
  json["findings_left_out"] = report.findings_left_out;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_text(const AuditReport& report, const std::optional<Day>& day_asked) {
  Table table;
  table.column("day");
  for (const char* title : {"messages", "rows arrived", "expired", "revisions"}) {
    table.column(title, Table::Align::kRight);
  }
  table.column("verdict");
  for (const auto& [day, audited] : report.days) {
    table.row({format_date(day), std::to_string(audited.messages), std::to_string(audited.rows),
               std::to_string(audited.expired), std::to_string(audited.revisions), verdict(audited)});
  }
  std::string text = !table.empty() ? table.text()
                     : day_asked    ? "nothing was booked on " + format_date(*day_asked) + "\n"
                     : report.waiting_for_clock > 0 ? "nothing is booked on a day yet\n"
                                                    : "the books are empty\n";
  if (report.waiting_for_clock > 0) text += waiting_text(report.waiting_for_clock) + "\n";
  text +=
      fmt::format("\n{} in {}, {}, {} read\n", counted(report.rows, "row"), counted(report.batches, "batch"),
                  counted(report.revisions, "summary"), counted(report.outbox_items, "outbox item"));
  for (const AuditFinding& finding : report.findings) {
    text +=
        fmt::format("{}: {}\n", finding.day ? format_date(*finding.day) : "no day", printable(finding.what));
  }
  if (report.findings_left_out > 0) text += fmt::format("and {} more\n", report.findings_left_out);
  if (!report.findings.empty()) return text + "the books do not balance\n";
  if (report.beyond_checking()) {
    return text +
           "the books balance as far as they can be checked: rows of the days marked expired are gone\n";
  }
  return text + "the books balance\n";
}

}  // namespace

int run_audit(const CommandContext& context) {
  context.gateway.wait_stored();
  Result<std::unique_ptr<StoreView>> view = context.gateway.open_database();
  if (!view) return fail(context, view.error());

  const bool show_progress = !context.line.json && ::isatty(STDERR_FILENO) != 0;
  AuditOptions options;
  options.day = context.line.day;
  Result<AuditReport> report = audit(**view, (*view)->calendar(), options,
                                     [&](std::string_view step, std::uint64_t done, std::uint64_t total) {
                                       if (show_progress)
                                         context.err << fmt::format("\r{} {} of {}  ", step, done, total)
                                                     << std::flush;
                                     });
  if (show_progress) context.err << "\r\x1b[K";
  if (!report) return fail(context, report.error());
  context.out << (context.line.json ? to_json(*report) : to_text(*report, context.line.day));
  if (!report->findings.empty()) return kExitFindings;
  return report->beyond_checking() ? kExitCannotCheck : kExitFine;
}

}  // namespace sluice
