#include "upload/uploader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/sha256.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kRetryAfterMaxMs = milliseconds(hours(24)).count();
constexpr std::int64_t kExpireEveryMs = milliseconds(hours(1)).count();
constexpr std::int64_t kBurstMs = milliseconds(seconds(1)).count();  // what the rate allows at once

}  // namespace

std::int64_t spread_offset_ms(const std::string& gateway, milliseconds spread) {
  if (spread.count() <= 0) return 0;
  Sha256 hash;
  hash.update(gateway);
  std::uint64_t number = 0;
  const Sha256::Digest digest = hash.finish();
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | digest[i];
  return static_cast<std::int64_t>(number % static_cast<std::uint64_t>(spread.count()));
}

Uploader::Uploader(UploadSettings settings, OutboxTable& outbox, std::vector<std::unique_ptr<Sink>> sinks,
                   Log& log, std::uint64_t jitter_seed)
    : settings_(std::move(settings)),
      outbox_(outbox),
      log_(log),
      backoff_(seconds(1), minutes(15), jitter_seed) {
  for (auto& sink : sinks) lanes_.push_back(Lane{std::move(sink), false, {}, 0, false, 0, std::nullopt});
}

std::vector<std::string> Uploader::sink_names() const {
  std::vector<std::string> names;
  for (const Lane& lane : lanes_) names.push_back(lane.sink->name());
  return names;
}

Result<int> Uploader::tick(std::int64_t now_wall_ms, bool force, int items_max) {
  if (Status status = expire(now_wall_ms); !status) return status.error();
  for (Lane& lane : lanes_) {
    if (Status status = load(lane, items_max); !status) return status.error();
  }
  // In turns, so that a long backlog of one sink leaves room for the others.
  int delivered = 0;
  for (int attempts = 0; attempts < items_max;) {
    bool idle = true;
    for (Lane& lane : lanes_) {
      if (attempts == items_max || lane.held || lane.next == lane.items.size()) continue;
      OutboxItem& item = lane.items[lane.next++];
      if (!may_go(item, now_wall_ms, force) || !take_turn(lane, now_wall_ms)) {
        lane.held = true;
        continue;
      }
      idle = false;
      ++attempts;
      auto gone = attempt(lane, item, now_wall_ms);
      if (!gone) return gone.error();
      delivered += *gone;
    }
    if (idle) break;
  }
  return delivered;
}

Status Uploader::load(Lane& lane, int items_max) {
  if (Status status = save(lane); !status) return status;
  lane.next = 0;
  lane.held = false;
  auto items = outbox_.waiting(lane.sink->name(), static_cast<std::size_t>(std::max(items_max, 0)));
  if (!items) return items.error();
  lane.items = std::move(*items);
  std::sort(lane.items.begin(), lane.items.end(), [](const OutboxItem& a, const OutboxItem& b) {
    return std::tie(a.day, a.revision, a.id) < std::tie(b.day, b.revision, b.id);
  });
  return {};
}

bool Uploader::may_go(const OutboxItem& item, std::int64_t now_wall_ms, bool force) const {
  if (force) return true;
  // A wait longer than any that is given out was set before the clock stepped back.
  const std::int64_t longest_ms = std::max(kRetryAfterMaxMs, backoff_.longest_ms());
  return item.next_try_ms <= now_wall_ms || item.next_try_ms - now_wall_ms > longest_ms;
}

bool Uploader::take_turn(Lane& lane, std::int64_t now_wall_ms) const {
  const std::int64_t each_ms = std::max<std::int64_t>(1, 60000 / std::max(1, settings_.rate_per_minute));
  const std::int64_t ahead_max_ms = std::max(kBurstMs, each_ms);
  // A wait longer than any was set before the clock stepped back.
  std::int64_t paid_ms = std::max(lane.paid_until_ms, now_wall_ms);
  if (paid_ms - now_wall_ms > ahead_max_ms) paid_ms = now_wall_ms;
  if (paid_ms + each_ms > now_wall_ms + ahead_max_ms) return false;
  lane.paid_until_ms = paid_ms + each_ms;
  return true;
}

// True: delivered.
Result<bool> Uploader::attempt(Lane& lane, OutboxItem& item, std::int64_t now_wall_ms) {
  auto body = outbox_.body(item.day, item.revision);
  if (!body && body.error().code != ErrorCode::kNotFound) return body.error();
  SinkAnswer answer{SinkAnswer::Kind::kRefused, "the document is no longer in the database", 0};
  if (body) {
    ++item.attempts;
    answer = lane.sink->deliver(
        {settings_.gateway, item.day, item.revision, item.key, std::move(*body), now_wall_ms});
  }
  settle(lane, item, answer, now_wall_ms);
  lane.unsaved = item;
  if (Status status = save(lane); !status) return status.error();
  return item.state == OutboxState::kDelivered;
}

// Until this works the lane stands still: an item must not go at every tick because the disk is full. After a
// restart it goes again, and the receiver knows it by its key.
Status Uploader::save(Lane& lane) {
  if (!lane.unsaved) return {};
  Status status = outbox_.update(*lane.unsaved);
  if (status.ok()) lane.unsaved.reset();
  return status;
}

void Uploader::settle(Lane& lane, OutboxItem& item, const SinkAnswer& answer, std::int64_t now_wall_ms) {
  item.note = answer.note;
  switch (answer.kind) {
    case SinkAnswer::Kind::kDelivered:
      item.state = OutboxState::kDelivered;
      item.done_ms = now_wall_ms;
      if (std::exchange(lane.failing, false)) {
        log_.info("upload to {}: works again; {} went at attempt {}", lane.sink->name(), item.key,
                  item.attempts);
      }
      return;
    case SinkAnswer::Kind::kRefused:
      item.state = OutboxState::kParked;
      item.done_ms = now_wall_ms;
      log_.error("upload to {}: {} was refused and is parked: {}; see sluicectl upload status",
                 lane.sink->name(), item.key, answer.note);
      return;
    case SinkAnswer::Kind::kRetry:
      item.next_try_ms =
          now_wall_ms + (answer.retry_after_ms > 0 ? std::min(answer.retry_after_ms, kRetryAfterMaxMs)
                                                   : backoff_.delay_ms(item.attempts));
      lane.held = true;
      if (!std::exchange(lane.failing, true)) {
        log_.warning("upload to {}: {}; it is tried again until it works", lane.sink->name(), answer.note);
      }
      return;
  }
}

Status Uploader::expire(std::int64_t now_wall_ms) {
  const bool clock_went_back = now_wall_ms < expired_at_ms_;
  if (expired_at_ms_ != INT64_MIN && !clock_went_back && now_wall_ms - expired_at_ms_ < kExpireEveryMs)
    return {};
  expired_at_ms_ = now_wall_ms;
  auto dropped = outbox_.expire(now_wall_ms - settings_.keep.count());
  if (!dropped) return dropped.error();
  if (*dropped == 0) return {};
  dropped_ += static_cast<std::uint64_t>(*dropped);
  log_.error(
      "{} deliveries of summaries waited longer than upload.keep and are dropped; the documents stay in "
      "the database for a while: sluicectl upload status, sluicectl summary",
      *dropped);
  return {};
}

}  // namespace sluice
