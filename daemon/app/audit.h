// audit: proves the books from sluice.db alone. By arrival day: both equations of the ledger, and as many
// rows as it says; every batch still holds the rows it was stored with; every summary is the bytes its key
// promises and says what its columns say; the newest summary of a finished day is what its rows give when
// they are summed again; the outbox refers to summaries that are there. Reads in pieces, so it may run beside
// the daemon: what arrives meanwhile is audited as far as it was there when the pieces ended. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "store/view.h"

namespace sluice {

struct AuditOptions {
  std::optional<Day> day;  // report on this day only
  std::size_t rows_per_read = 10000;
};

struct AuditFinding {
  std::optional<Day> day;  // absent: no day can be told
  std::string what;
};

struct AuditDay {
  std::uint64_t messages = 0;    // received on this day
  std::uint64_t rows = 0;        // found that arrived on this day
  std::uint64_t expired = 0;     // removed by retention since
  int revisions = 0;             // summaries of this day
  bool open = false;             // rows came since the newest summary, or there is none yet
  bool recomputed = false;       // the newest summary was compared with its rows
  bool beyond_checking = false;  // rows that would be needed have expired
  bool faulty = false;           // a finding names it
};

struct AuditReport {
  std::map<Day, AuditDay> days;
  std::vector<AuditFinding> findings;  // at most kFindingsMax
  std::uint64_t findings_left_out = 0;
  std::uint64_t rows = 0;
  std::uint64_t batches = 0;
  std::uint64_t revisions = 0;
  std::uint64_t outbox_items = 0;
  std::uint64_t waiting_for_clock = 0;  // rows of no day yet: they arrived while the clock was not trusted
  static constexpr std::size_t kFindingsMax = 500;

  void add_finding(std::optional<Day> day, std::string what);
  bool beyond_checking() const;  // some day's rows have expired
};

// Called now and then with what is being done and how far it is; `total` 0: not known.
using AuditProgress = std::function<void(std::string_view step, std::uint64_t done, std::uint64_t total)>;

// What the daemon checks of a day that it has closed, without reading its rows: the ledger's equations, and
// that the newest summary is the bytes which its key and its columns promise.
Result<AuditReport> audit_closed_day(StoreView& view, Day day);

// `calendar`: the view's. An error means that the database could not be read; what is wrong in it is a
// finding.
Result<AuditReport> audit(StoreView& view, const Calendar& calendar, const AuditOptions& options,
                          const AuditProgress& progress);

}  // namespace sluice
