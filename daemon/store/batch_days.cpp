#include "store/batch_days.h"

#include <algorithm>

namespace sluice {

BatchDays::BatchDays(const Calendar& calendar, const Batch& batch)
    : now_ms_(batch.clock.stream_ms + batch.clock.wall_minus_stream_ms) {
  for (const Reading& reading : batch.readings) {
    News& news = news_at(calendar, reading.time_ms);
    if (!news.readings) {
      news.readings = true;
      news.min_arrival_ms = news.max_arrival_ms = reading.arrival_ms;
    }
    news.min_arrival_ms = std::min(news.min_arrival_ms, reading.arrival_ms);
    news.max_arrival_ms = std::max(news.max_arrival_ms, reading.arrival_ms);
    min_time_ms_ = std::min(min_time_ms_, reading.time_ms);
    max_time_ms_ = std::max(max_time_ms_, reading.time_ms);
    min_arrival_ms_ = std::min(min_arrival_ms_, reading.arrival_ms);
    max_arrival_ms_ = std::max(max_arrival_ms_, reading.arrival_ms);
  }
  if (!batch.readings.empty()) newest_arrival_day_ = calendar.day_of(max_arrival_ms_);
  for (Day day : batch.gateway_days) news_of(day);
  for (const auto& [day, counts] : batch.counts) {
    if (counts == Counts{}) continue;
    news_of(day).counts = true;
    newest_arrival_day_ = std::max(newest_arrival_day_, day);
  }
}

BatchDays::News& BatchDays::news_at(const Calendar& calendar, std::int64_t time_ms) {
  auto holds = [&](const News& news) { return time_ms >= news.begin_ms && time_ms < news.end_ms; };
  if (last_ < news_.size() && holds(news_[last_])) return news_[last_];
  auto found = std::find_if(news_.begin(), news_.end(), holds);
  if (found == news_.end()) {
    News& news = news_of(calendar.day_of(time_ms));
    news.begin_ms = calendar.begin_ms(news.day);
    news.end_ms = calendar.end_ms(news.day);
    return news;
  }
  last_ = static_cast<std::size_t>(found - news_.begin());
  return *found;
}

BatchDays::News& BatchDays::news_of(Day day) {
  auto found = std::find_if(news_.begin(), news_.end(), [&](const News& news) { return news.day == day; });
  last_ = static_cast<std::size_t>(found - news_.begin());
  if (found == news_.end()) news_.emplace_back().day = day;
  return news_[last_];
}

Status BatchDays::settle(Connection& connection, const Calendar& calendar, std::int64_t commit,
                         std::int64_t reopen_ms, std::optional<Day>& open_day) {
  bool arrivals = newest_arrival_day_ != INT32_MIN;
  // Later, or earlier after the clock was set back.
  if (open_day && arrivals && newest_arrival_day_ != *open_day) {
    auto row = read_day(connection, calendar, *open_day);
    if (!row.ok()) return row.error();
    if (*row) {
      (*row)->open = false;
      if (Status status = write_day(connection, **row); !status.ok()) return status;
    }
    open_day.reset();
  }
  for (News& news : news_) {
    if (open_day == news.day) continue;  // dirty already, and the rest is derived
    Status status = settle_one(connection, calendar, commit, reopen_ms, news, open_day);
    if (!status.ok()) return status;
  }
  return {};
}

Status BatchDays::settle_one(Connection& connection, const Calendar& calendar, std::int64_t commit,
                             std::int64_t reopen_ms, News& news, std::optional<Day>& open_day) {
  auto found = read_day(connection, calendar, news.day);
  if (!found.ok()) return found.error();
  DayRow row;
  if (*found) {
    if (!news.readings && !news.counts) return {};  // known to be a day of the gateway
    row = **found;
  } else {
    row.state.day = news.day;
    row.state.zone = calendar.zone_name(news.day);
    row.first_batch = commit;
  }
  if (row.state.first_revision_ms != 0) {
    news.late_after_ms = row.removed != 0 ? INT64_MIN : row.state.first_revision_ms + reopen_ms;
    any_late_ = true;
  }
  std::int64_t earliest_ms = news.readings ? news.min_arrival_ms : now_ms_;
  bool may_dirty = !is_too_late(row, earliest_ms, reopen_ms);
  if (!may_dirty && !news.readings) return {};
  touch_day(row, commit, news.readings ? news.max_arrival_ms : 0, may_dirty);
  row.open = !open_day && row.state.revision == 0 && news.day == newest_arrival_day_;
  if (row.open) open_day = news.day;
  return write_day(connection, row);
}

bool BatchDays::too_late(const Reading& reading) {
  if (!any_late_) return false;
  auto holds = [&](const News& news) {
    return reading.time_ms >= news.begin_ms && reading.time_ms < news.end_ms;
  };
  if (last_ >= news_.size() || !holds(news_[last_])) {
    auto found = std::find_if(news_.begin(), news_.end(), holds);
    if (found == news_.end()) return false;
    last_ = static_cast<std::size_t>(found - news_.begin());
  }
  return reading.arrival_ms > news_[last_].late_after_ms;
}

}  // namespace sluice
