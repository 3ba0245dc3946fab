// The half of the audit that reads the reading table once, in arrival order: batches against their rows, rows
// against the ledger, and the ledger against its own equations.
#pragma once

#include "app/audit.h"

namespace sluice {

Status audit_rows(StoreView& view, const Calendar& calendar, const AuditOptions& options,
                  const AuditProgress& progress, AuditReport& report);

// The two equations of the ledger's line for a day.
void check_equations(std::optional<Day> day, const Counts& counts, AuditReport& report);

}  // namespace sluice
