#include "upload/schedule.h"

#include <utility>

namespace sluice {

namespace {

// A last run further ahead than this was made under a clock that was wrong, not before a correction.
constexpr std::int64_t kStepBackMaxMs = 48 * 3600 * std::int64_t{1000};

}  // namespace

UploadSchedule::UploadSchedule(Calendar calendar, int at_minutes, std::int64_t offset_ms)
    : calendar_(std::move(calendar)), at_minutes_(at_minutes), offset_ms_(offset_ms) {}

std::int64_t UploadSchedule::slot_ms(Day day) const {
  return calendar_.at_ms(day, at_minutes_) + offset_ms_;
}

std::int64_t UploadSchedule::newest_slot_ms(std::int64_t now_ms) const {
  Day day = calendar_.day_of(now_ms - offset_ms_) + 1;
  while (slot_ms(day) > now_ms) --day;
  return slot_ms(day);
}

bool UploadSchedule::due(std::int64_t now_ms, std::int64_t last_run_ms) const {
  if (last_run_ms > now_ms) return last_run_ms - now_ms > kStepBackMaxMs;
  return newest_slot_ms(now_ms) > last_run_ms;
}

}  // namespace sluice
