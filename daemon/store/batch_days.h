// BatchDays: which days a batch has news of, and what that does to their rows in table `day`. Also tells of
// each reading whether its day can still be reopened.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/calendar.h"
#include "base/result.h"
#include "model/batch.h"
#include "store/day_queries.h"
#include "store/sqlite.h"

namespace sluice {

class BatchDays {
 public:
  BatchDays(const Calendar& calendar, const Batch& batch);

  // Writes the rows of table `day` that change; `open_day` is read and brought forward.
  Status settle(Connection& connection, const Calendar& calendar, std::int64_t commit, std::int64_t reopen_ms,
                std::optional<Day>& open_day);
  bool too_late(const Reading& reading);  // after settle(); in the batch's order it is fast

  std::int64_t min_time_ms() const { return min_time_ms_; }
  std::int64_t max_time_ms() const { return max_time_ms_; }
  std::int64_t min_arrival_ms() const { return min_arrival_ms_; }
  std::int64_t max_arrival_ms() const { return max_arrival_ms_; }

 private:
  struct News {
    Day day = 0;
    bool readings = false;  // otherwise only counters, or the gateway ran
    bool counts = false;
    std::int64_t begin_ms = 0;
    std::int64_t end_ms = 0;
    std::int64_t min_arrival_ms = 0;
    std::int64_t max_arrival_ms = 0;
    std::int64_t late_after_ms = INT64_MAX;  // readings that arrive after this are too late
  };
  News& news_at(const Calendar& calendar, std::int64_t time_ms);
  News& news_of(Day day);
  Status settle_one(Connection& connection, const Calendar& calendar, std::int64_t commit,
                    std::int64_t reopen_ms, News& news, std::optional<Day>& open_day);

  std::int64_t now_ms_;  // at the end of the batch
  std::vector<News> news_;
  std::size_t last_ = 0;  // the one found last
  bool any_late_ = false;
  Day newest_arrival_day_ = INT32_MIN;  // of readings and counters
  std::int64_t min_time_ms_ = INT64_MAX;
  std::int64_t max_time_ms_ = INT64_MIN;
  std::int64_t min_arrival_ms_ = INT64_MAX;
  std::int64_t max_arrival_ms_ = INT64_MIN;
};

}  // namespace sluice
