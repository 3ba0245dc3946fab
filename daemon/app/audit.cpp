#include "app/audit.h"

#include <algorithm>

#include "app/audit_rows.h"
#include "app/audit_summaries.h"

namespace sluice {

void AuditReport::add_finding(std::optional<Day> day, std::string what) {
  if (day) days[*day].faulty = true;
  if (findings.size() >= kFindingsMax) {
    ++findings_left_out;
    return;
  }
  findings.push_back(AuditFinding{day, std::move(what)});
}

bool AuditReport::beyond_checking() const {
  return std::any_of(days.begin(), days.end(), [](const auto& day) { return day.second.beyond_checking; });
}

Result<AuditReport> audit(StoreView& view, const Calendar& calendar, const AuditOptions& options,
                          const AuditProgress& progress) {
  AuditReport report;
  Status rows = audit_rows(view, calendar, options, progress, report);
  if (!rows) return rows.error();
  Status summaries = audit_summaries(view, options, progress, report);
  if (!summaries) return summaries.error();
  if (options.day) {
    std::erase_if(report.days, [&](const auto& day) { return day.first != *options.day; });
    std::erase_if(report.findings, [&](const auto& f) { return f.day && *f.day != *options.day; });
  }
  std::stable_sort(report.findings.begin(), report.findings.end(),
                   [](const AuditFinding& a, const AuditFinding& b) { return a.day < b.day; });
  return report;
}

Result<AuditReport> audit_closed_day(StoreView& view, Day day) {
  AuditReport report;
  Result<Counts> arrived = view.arrived_on(day);
  if (!arrived) return arrived.error();
  check_equations(day, *arrived, report);
  Status summary = audit_newest_summary(view, day, report);
  if (!summary) return summary.error();
  return report;
}

}  // namespace sluice
