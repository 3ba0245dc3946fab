#include "app/day_loop.h"

#include <fmt/format.h>

#include "app/audit.h"
#include "base/counted.h"
#include "summary/summary_view.h"

namespace sluice {

namespace {
constexpr std::chrono::milliseconds kStep{500};
constexpr std::int64_t kLookMs = 5000;    // between looks for days to close
constexpr std::int64_t kAgainMs = 15000;  // after one that failed
constexpr std::chrono::milliseconds kFlushPatience{50};
constexpr int kFlushPatienceMax = 200;  // times
constexpr int kItemsAStep = 16;
}  // namespace

DayLoop::DayLoop(Summariser& summariser, Uploader& uploader, StoreView& view, UploadSchedule schedule,
                 Journal& journal, Clock& clock, Vitals& vitals, Log& log)
    : summariser_(summariser),
      uploader_(uploader),
      view_(view),
      schedule_(std::move(schedule)),
      journal_(journal),
      clock_(clock),
      vitals_(vitals),
      log_(log) {}

void DayLoop::run() {
  check_database();
  while (!vitals_.stopping) {
    step();
    (void)pause_.wait_pop(kStep);
  }
}

// After an unclean stop, beside everything else: alerts do not wait for it.
void DayLoop::check_database() {
  if (!vitals_.check_database) return;
  Status checked = view_.check_integrity();
  if (vitals_.stopping) return;  // interrupted; the next start checks again
  vitals_.check_database = false;
  if (checked.ok()) return log_.info("the database is sound after the unclean stop");
  log_.error("{}", checked.error().context);
  if (checked.error().code == ErrorCode::kCorrupt) vitals_.database_damaged = true;
}

void DayLoop::step() {
  const Instant now = clock_.now();
  // Which day it is is not known, or not yet what arrived before it was.
  if (!vitals_.clock_trusted || vitals_.cursor_seq < vitals_.trusted_seq) return;
  const bool asked = vitals_.upload_asked.exchange(false);
  const bool scheduled = schedule_.due(now.wall_ms, last_run_wall_ms_);
  if (asked) wait_for_store();
  const bool begins = asked || (scheduled && !failed_);
  if (begins || now.boot_ms >= next_look_boot_ms_) look_for_days(now, scheduled, asked || failed_ask_);
  delivering_ = vitals_.deliver_asked.exchange(false) || delivering_;
  if (delivering_) deliver(now, asked);
}

// A run that fails is not over: it is tried again, as what it was.
void DayLoop::look_for_days(Instant now, bool scheduled, bool asked) {
  failed_ = !close_days(now, scheduled, asked);
  failed_ask_ = failed_ && asked;
  if (scheduled && !failed_) last_run_wall_ms_ = now.wall_ms;
  next_look_boot_ms_ = now.boot_ms + (failed_ ? kAgainMs : kLookMs);
  delivering_ = delivering_ || scheduled || asked;
}

// What was acknowledged before somebody asked belongs into the summaries.
void DayLoop::wait_for_store() {
  const std::uint64_t newest = journal_.last_seq();
  for (int i = 0; i < kFlushPatienceMax && vitals_.cursor_seq < newest && !vitals_.stopping; ++i) {
    vitals_.flush_asked = true;
    journal_.wake();
    (void)pause_.wait_pop(kFlushPatience);
  }
}

// False: not all of them could be closed.
bool DayLoop::close_days(Instant now, bool scheduled, bool asked) {
  Result<std::vector<Day>> due = summariser_.due(now.wall_ms, scheduled, asked);
  if (!due.ok()) {
    log_.warning("cannot look for days to close: {}", due.error().context);
    return false;
  }
  bool all = true;
  for (Day day : *due) {
    if (vitals_.stopping) return false;
    Result<SummaryRevision> made = summariser_.close(day, now.wall_ms);
    if (!made.ok()) {
      all = false;
      log_.warning("cannot close {}: {}", format_date(day), made.error().context);
    } else if (made->made_ms == now.wall_ms) {
      log_.info("closed {}, revision {}: {}", format_date(day), made->revision,
                counted(made->row_count, "reading"));
      audit_closed(day);
      compare_layers(*made);
    }
  }
  return all;
}

// The cheap part of what sluicectl audit proves.
void DayLoop::audit_closed(Day day) {
  Result<AuditReport> report = audit_closed_day(view_, day);
  if (!report.ok()) return log_.warning("cannot audit {}: {}", format_date(day), report.error().context);
  for (const AuditFinding& finding : report->findings) {
    log_.error("the books of {} do not balance: {}; run sluicectl audit", format_date(day), finding.what);
  }
}

void DayLoop::compare_layers(const SummaryRevision& made) {
  Result<SummaryView> summary = summary_from_json(made.body);
  if (!summary.ok() || summary->layers_differ.empty()) return;
  const SummaryView::Difference& first = summary->layers_differ.front();
  const std::string what =
      fmt::format("{}, {}: {} had {} on arrival with a sum of {}, and has {} with a sum of {} now",
                  format_date(made.day), counted(summary->layers_differ.size(), "sensor"), first.sensor,
                  counted(first.on_arrival.count, "reading"), first.on_arrival.sum, first.in_table.count,
                  first.in_table.sum);
  log_.error("the layers differ on {}; run sluicectl audit", what);
  vitals_.layers_differ += summary->layers_differ.size();
  vitals_.conditions.happened("layers-differ", what);
}

void DayLoop::deliver(Instant now, bool asked) {
  Result<int> delivered = uploader_.tick(now.wall_ms, asked, kItemsAStep);
  const std::uint64_t given_up = uploader_.dropped();
  if (given_up > vitals_.uploads_dropped) {
    vitals_.conditions.happened("upload-dropped", std::to_string(given_up) + " since the start");
  }
  vitals_.uploads_dropped = given_up;
  if (!delivered.ok()) return log_.warning("cannot look into the outbox: {}", delivered.error().context);
  bool waiting = false;
  for (const std::string& sink : uploader_.sink_names()) {
    auto items = view_.waiting(sink, 1);
    waiting = waiting || !items.ok() || !items->empty();
  }
  delivering_ = waiting;
}

}  // namespace sluice
