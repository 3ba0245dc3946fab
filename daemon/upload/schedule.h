// UploadSchedule: when the daily upload is. Each local day has one slot: its `at` plus the gateway's offset.
// due() says whether a slot has passed that the last run did not serve; many missed slots are one run. Clock
// steps: a slot that was served before the clock went back is not served again. Same threads as Calendar.
#pragma once

#include <cstdint>

#include "base/calendar.h"

namespace sluice {

class UploadSchedule {
 public:
  // offset_ms: see spread_offset_ms() in uploader.h.
  UploadSchedule(Calendar calendar, int at_minutes, std::int64_t offset_ms);

  std::int64_t slot_ms(Day day) const;                     // the slot of a local day
  std::int64_t newest_slot_ms(std::int64_t now_ms) const;  // the last one at or before now
  // `last_run_ms`: wall time of the last run, 0 for never. After a run the caller keeps `now` as the last
  // one.
  bool due(std::int64_t now_ms, std::int64_t last_run_ms) const;

 private:
  Calendar calendar_;
  int at_minutes_;
  std::int64_t offset_ms_;
};

}  // namespace sluice
