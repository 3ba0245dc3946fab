#include "store/old_summaries.h"

namespace sluice {

namespace {

constexpr int kStepDays = 20;

// A day without any reading (last_arrival_ms = 0) has no rows that could go first.
constexpr char kOld[] =
    "SELECT s.day FROM summary s JOIN day d ON d.day = s.day WHERE d.removed = 2 OR d.last_arrival_ms = 0 "
    "GROUP BY s.day HAVING max(s.made_ms) < ?1 AND NOT EXISTS "
    "(SELECT 1 FROM outbox o WHERE o.day = s.day AND o.state IN (0, 2)) ORDER BY s.day LIMIT ?2";
constexpr char kRemoveReceipts[] = "DELETE FROM outbox WHERE day = ?1";
constexpr char kRemoveSummaries[] = "DELETE FROM summary WHERE day = ?1";
// So that an audit can tell what is missing from what has been removed.
constexpr char kNote[] =
    "INSERT INTO meta VALUES('summaries_removed_to', ?1) ON CONFLICT DO UPDATE SET value = max(value, ?1)";
constexpr char kRemovedTo[] = "SELECT value FROM meta WHERE key = 'summaries_removed_to'";
constexpr char kBytes[] = "SELECT coalesce(sum(length(body)), 0) FROM summary";

}  // namespace

Result<std::vector<Day>> old_summary_days(Connection& connection, std::int64_t made_before_ms) {
  std::vector<Day> days;
  Query query = connection.query(kOld, made_before_ms, kStepDays);
  while (query.next()) {
    days.push_back(static_cast<Day>(query.integer(0)));
  }
  return query.result(std::move(days));
}

Status remove_summaries(Connection& connection, const std::vector<Day>& days) {
  for (Day day : days) {
    for (const char* remove : {kRemoveReceipts, kRemoveSummaries, kNote}) {
      if (Status status = connection.query(remove, day).run(); !status.ok()) return status;
    }
  }
  return {};
}

Result<bool> summaries_are_big(Connection& connection, std::uint64_t max_size_bytes) {
  auto bytes = connection.integer(kBytes);
  if (!bytes.ok()) return bytes.error();
  return static_cast<std::uint64_t>(*bytes) > max_size_bytes / 2;
}

Result<std::optional<Day>> summaries_removed_to(Connection& connection) {
  std::optional<Day> day;
  Query query = connection.query(kRemovedTo);
  if (query.next()) day = static_cast<Day>(query.integer(0));
  return query.result(day);
}

}  // namespace sluice
