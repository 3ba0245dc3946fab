// The zones in which a gateway's days are cut, as one Calendar. A change of gateway.timezone begins a new
// series of days without gap or overlap: every day that the database knows stays as it is, the day after the
// newest one begins by the old zone and ends by the new one, and from then on the new zone counts.
#pragma once

#include "base/calendar.h"
#include "base/result.h"
#include "store/sqlite.h"

namespace sluice {

// `configured` where the database names no zone yet.
Result<Calendar> read_calendar(Connection& connection, const Calendar& configured);

struct ZoneChange {
  Calendar calendar;  // from now on
  bool made = false;  // the configured zone is another one than before
  Day first_day = 0;  // of the configured zone, if made
};
// In the caller's transaction.
Result<ZoneChange> settle_zone(Connection& connection, const Calendar& configured);

}  // namespace sluice
