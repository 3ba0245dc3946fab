// DayLoop: the batch layer's thread. Closes days, and delivers what waits when the daily slot has come or
// somebody asked. Reads through its own connection; what it writes, the store thread writes for it.
#pragma once

#include <chrono>
#include <cstdint>

#include "app/vitals.h"
#include "base/clock.h"
#include "base/inbox.h"
#include "base/log.h"
#include "intake/journal.h"
#include "store/view.h"
#include "summary/summariser.h"
#include "upload/schedule.h"
#include "upload/uploader.h"

namespace sluice {

class DayLoop {
 public:
  DayLoop(Summariser& summariser, Uploader& uploader, StoreView& view, UploadSchedule schedule,
          Journal& journal, Clock& clock, Vitals& vitals, Log& log);
  void run();  // the thread: until vitals.stopping
  void step();
  void wake() { pause_.wake(); }

 private:
  void check_database();
  void look_for_days(Instant now, bool scheduled, bool asked);
  bool close_days(Instant now, bool scheduled, bool asked);
  void audit_closed(Day day);
  void compare_layers(const SummaryRevision& made);
  void deliver(Instant now, bool asked);
  void wait_for_store();
  Summariser& summariser_;
  Uploader& uploader_;
  StoreView& view_;
  UploadSchedule schedule_;
  Journal& journal_;
  Clock& clock_;
  Vitals& vitals_;
  Log& log_;
  Inbox<int> pause_{1};
  std::int64_t last_run_wall_ms_ = 0;
  std::int64_t next_look_boot_ms_ = 0;
  bool failed_ = false;      // the last look
  bool failed_ask_ = false;  // which somebody had asked for
  bool delivering_ = false;
};

}  // namespace sluice
