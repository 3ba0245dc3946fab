// Midnight: when the local day around a moment ends. Asked for with every record, so it keeps the answer.
#pragma once

#include <cstdint>

#include "base/calendar.h"

namespace sluice {

class Midnight {
 public:
  std::int64_t after(std::int64_t wall_ms, const Calendar& calendar) {
    if (wall_ms >= end_ms_ || wall_ms < begin_ms_) {
      const Day day = calendar.day_of(wall_ms);
      begin_ms_ = calendar.begin_ms(day);
      end_ms_ = calendar.end_ms(day);
    }
    return end_ms_;
  }

 private:
  std::int64_t begin_ms_ = 0;
  std::int64_t end_ms_ = 0;
};

}  // namespace sluice
