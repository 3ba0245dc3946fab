#include "store/zone_queries.h"

#include <optional>

namespace sluice {

namespace {

constexpr char kZones[] = "SELECT first_day, name FROM zone ORDER BY first_day";
constexpr char kAddZone[] = "INSERT OR REPLACE INTO zone VALUES(?1, ?2)";
// A zone that was configured for a while, but has no day; the day before its first one ends by it.
constexpr char kForgetUnused[] = "DELETE FROM zone WHERE first_day > ?1 + 1";
constexpr char kNewestDay[] = "SELECT max(day) FROM day";

Result<std::optional<Day>> newest_day(Connection& connection) {
  Query query = connection.query(kNewestDay);
  std::optional<Day> day;
  if (query.next() && !query.is_null(0)) day = static_cast<Day>(query.integer(0));
  return query.result(day);
}

}  // namespace

Result<Calendar> read_calendar(Connection& connection, const Calendar& configured) {
  std::optional<Calendar> calendar;
  Query query = connection.query(kZones);
  while (query.next()) {
    const auto first = static_cast<Day>(query.integer(0));
    auto more = calendar ? calendar->then(first, query.text(1)) : Calendar::load(query.text(1));
    if (!more.ok()) return more.error();
    calendar = std::move(*more);
  }
  if (Status status = query.status(); !status.ok()) return status.error();
  return calendar.value_or(configured);
}

Result<ZoneChange> settle_zone(Connection& connection, const Calendar& configured) {
  auto newest = newest_day(connection);
  if (!newest.ok()) return newest.error();
  Status status = connection.query(kForgetUnused, newest->value_or(INT32_MIN)).run();
  if (status.ok() && !*newest) status = connection.query(kAddZone, INT32_MIN, configured.zone_name()).run();
  if (!status.ok()) return status.error();
  auto known = read_calendar(connection, configured);
  if (!known.ok()) return known.error();
  ZoneChange change{*known, known->zone_name() != configured.zone_name(), 0};
  if (!change.made) return change;
  change.first_day = known->first_day_after(**newest, configured);
  auto next = known->then(change.first_day, configured.zone_name());
  if (!next.ok()) return next.error();
  change.calendar = std::move(*next);
  status = connection.query(kAddZone, change.first_day, configured.zone_name()).run();
  if (!status.ok()) return status.error();
  return change;
}

}  // namespace sluice
