// FakeDayTable: a DayTable in memory, with public parts that a test sets and looks at.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/check.h"
#include "summary/day_table.h"

namespace sluice {

class FakeDayTable final : public DayTable {
 public:
  std::vector<Reading> rows;  // in arrival order
  std::vector<SummarySensor> registry;
  std::map<Day, DayState> states;
  std::vector<AlertSpan> spans;
  std::map<Day, Counts> ledger;
  std::map<Day, SensorTallies> arrived;
  std::map<Day, std::vector<SummaryRevision>> revisions;
  std::vector<std::tuple<Day, int, std::string>> outbox;  // day, revision, sink
  std::function<void()> before_save;                      // what happens between reading and writing
  std::function<void()> before_visit;
  Status visit_answer;
  bool waiting_for_clock = false;
  int visits = 0;
  int open_snapshots = 0;

  // A batch with one row: the row, and what the store would note of its day.
  void arrive(const Calendar& calendar, const Reading& row) {
    rows.push_back(row);
    touch(calendar, calendar.day_of(row.time_ms), row.arrival_ms);
  }
  void touch(const Calendar& calendar, Day day, std::int64_t arrival_ms) {
    DayState& state = states[day];
    state.day = day;
    if (state.zone.empty()) state.zone = calendar.zone_name();
    state.last_arrival_ms = std::max(state.last_arrival_ms, arrival_ms);
    state.dirty = true;
    ++state.touched;
  }

  Result<bool> waits_for_clock() override { return waiting_for_clock; }
  Result<std::vector<DayState>> dirty_days() override {
    std::vector<DayState> dirty;
    for (const auto& [day, state] : states) {
      if (state.dirty) dirty.push_back(state);
    }
    return dirty;
  }
  Result<std::optional<DayState>> day_state(Day day) override {
    auto found = states.find(day);
    return found == states.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::vector<SummarySensor>> sensors() override { return registry; }
  Status begin_snapshot() override {
    ++open_snapshots;
    return {};
  }
  void end_snapshot() override { --open_snapshots; }
  Status visit_rows(std::int64_t from_ms, std::int64_t to_ms, const RowVisitor& visit) override {
    ++visits;
    if (before_visit) before_visit();
    if (!visit_answer) return visit_answer;
    for (const Reading& row : rows) {
      if (row.time_ms >= from_ms && row.time_ms < to_ms) visit(row);
    }
    return {};
  }
  Status visit_numbered_rows(std::int64_t from_ms, std::int64_t to_ms,
                             const NumberedRowVisitor& visit) override {
    std::int64_t number = 0;
    for (const Reading& row : rows) {
      ++number;
      if (row.time_ms >= from_ms && row.time_ms < to_ms) visit(number, row);
    }
    return {};
  }
  Result<std::optional<SensorTallies>> tallies(Day day) override {
    auto found = arrived.find(day);
    return found == arrived.end() ? std::nullopt : std::optional(found->second);
  }
  Result<std::vector<AlertSpan>> alert_spans(std::int64_t from_ms, std::int64_t to_ms) override {
    std::vector<AlertSpan> found;
    for (const AlertSpan& span : spans) {
      if (span.from_ms < to_ms && (span.open || span.to_ms >= from_ms)) found.push_back(span);
    }
    return found;
  }
  Result<Counts> arrived_on(Day day) override { return ledger[day]; }
  Result<std::optional<SummaryRevision>> newest(Day day) override {
    const auto& made = revisions[day];
    return made.empty() ? std::nullopt : std::optional(made.back());
  }
  Status save(const SummaryRevision& revision, const std::vector<std::string>& sinks, std::uint64_t touched,
              bool unchanged, const std::vector<RepeatedRow>& repeated) override {
    if (before_save) before_save();
    for (const RepeatedRow& row : repeated)
      rows.at(static_cast<std::size_t>(row.row - 1)).flags |= kDuplicate;
    DayState& state = states[revision.day];
    if (!unchanged) {
      SLUICE_CHECK(revision.revision == state.revision + 1, "revisions count up");
      revisions[revision.day].push_back(revision);
      state.revision = revision.revision;
      if (revision.revision == 1) state.first_revision_ms = revision.made_ms;
      for (const std::string& sink : sinks) outbox.emplace_back(revision.day, revision.revision, sink);
    }
    if (state.touched <= touched) state.dirty = false;
    return {};
  }
};

}  // namespace sluice
