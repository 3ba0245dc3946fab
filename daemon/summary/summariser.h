// Summariser: closes days. A day in the past is summed once no row of it has arrived for close_after; a row
// that comes later makes revision n+1 when the day is due again. A document is a function of the day's rows,
// alerts and ledger line, and of whether the day was over and quiet: it says nothing of when it was made. One
// thread (the batch layer's); the work is bounded by memory, not by rows.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "summary/day_table.h"
#include "summary/summary_settings.h"
#include "summary/summary_view.h"

namespace sluice {

// Configured facts of a sensor that the document repeats.
struct SensorNotes {
  std::chrono::milliseconds every{0};  // 0: not configured
  SensorKind kind = SensorKind::kGauge;
  std::string unit;
  std::map<std::string, std::string> labels;
};
using NotesOf = std::function<SensorNotes(const std::string& sensor)>;

class Summariser {
 public:
  Summariser(SummarySettings settings, Calendar calendar, DayTable& table, NotesOf notes,
             std::vector<std::string> sinks);

  // Days that should be summed now; none while readings wait for the clock to be set. `force`: every dirty
  // day in the past, without waiting for close_after. Days with a revision are due again only when
  // `scheduled`.
  Result<std::vector<Day>> due(std::int64_t now_wall_ms, bool scheduled, bool force);
  // Computes the document of a day as it would be now; writes nothing.
  Result<SummaryRevision> compute(Day day, std::int64_t now_wall_ms);
  // compute() and save(). An unchanged content makes no revision. Returns the newest revision. A day that is
  // forced before close_after gets a document that is not complete, and stays dirty: the schedule closes it
  // again. Refused while the day is not over, and for a day of which nothing is known.
  Result<SummaryRevision> close(Day day, std::int64_t now_wall_ms);

 private:
  struct Draft;  // a revision and what it was made from
  Result<DayState> state_of(Day day);
  struct Summed;  // the document without a revision number, and the rows to flag
  Result<Summed> view_of(Day day, std::int64_t now_wall_ms);
  Result<Draft> draft(Day day, std::int64_t now_wall_ms);

  SummarySettings settings_;
  Calendar calendar_;
  DayTable& table_;
  NotesOf notes_;
  std::vector<std::string> sinks_;
};

}  // namespace sluice
