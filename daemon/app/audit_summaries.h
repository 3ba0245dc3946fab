// The half of the audit that looks at each day's summaries and at the outbox.
#pragma once

#include "app/audit.h"

namespace sluice {

// After audit_rows(): days with expired rows are known by then.
Status audit_summaries(StoreView& view, const AuditOptions& options, const AuditProgress& progress,
                       AuditReport& report);

// Of one day's newest summary, what can be told without its rows.
Status audit_newest_summary(StoreView& view, Day day, AuditReport& report);

}  // namespace sluice
