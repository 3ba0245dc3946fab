// Uploader: drains the outbox. Items of one sink go in order of day; one in flight a sink; capped, jittered
// backoff; Retry-After honoured; retried for as long as upload.keep. An item that waits holds back later days
// of its own sink, and no other sink; one that was refused is parked and holds back nothing. A backlog goes
// at upload.rate to each sink, so that nobody is disturbed by it. Not to be called while the clock is unset:
// keep is measured by it. One thread (the batch layer's).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/backoff.h"
#include "base/log.h"
#include "base/result.h"
#include "upload/outbox.h"
#include "upload/sink.h"
#include "upload/upload_settings.h"

namespace sluice {

// Where in [0, spread) this gateway's daily upload lies: SHA-256 of its id, so that many gateways do not come
// at once.
std::int64_t spread_offset_ms(const std::string& gateway, std::chrono::milliseconds spread);

class Uploader {
 public:
  Uploader(UploadSettings settings, OutboxTable& outbox, std::vector<std::unique_ptr<Sink>> sinks, Log& log,
           std::uint64_t jitter_seed);
  // Delivers what is due, at most `items_max` attempts; `force` ignores backoff times. Returns how many were
  // delivered.
  Result<int> tick(std::int64_t now_wall_ms, bool force, int items_max);
  std::vector<std::string> sink_names() const;
  std::uint64_t dropped() const { return dropped_; }  // not delivered within upload.keep, since the start

 private:
  struct Lane {
    std::unique_ptr<Sink> sink;
    bool failing = false;  // said so in the log
    std::vector<OutboxItem> items;
    std::size_t next = 0;
    bool held = false;                  // nothing more goes in this tick
    std::int64_t paid_until_ms = 0;     // what went has used up the rate until then
    std::optional<OutboxItem> unsaved;  // what came of an attempt, while the outbox cannot take it
  };
  bool may_go(const OutboxItem& item, std::int64_t now_wall_ms, bool force) const;
  bool take_turn(Lane& lane, std::int64_t now_wall_ms) const;
  Status load(Lane& lane, int items_max);
  Result<bool> attempt(Lane& lane, OutboxItem& item, std::int64_t now_wall_ms);
  void settle(Lane& lane, OutboxItem& item, const SinkAnswer& answer, std::int64_t now_wall_ms);
  Status save(Lane& lane);
  Status expire(std::int64_t now_wall_ms);

  UploadSettings settings_;
  OutboxTable& outbox_;
  std::vector<Lane> lanes_;
  Log& log_;
  Backoff backoff_;
  std::int64_t expired_at_ms_ = INT64_MIN;
  std::uint64_t dropped_ = 0;
};

}  // namespace sluice
