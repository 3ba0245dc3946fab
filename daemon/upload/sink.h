// Sink: a place that daily summaries are delivered to. A sink is one file pair and one line of wiring.
#pragma once

#include <cstdint>
#include <string>

#include "base/calendar.h"

namespace sluice {

struct Delivery {
  std::string gateway;
  Day day = 0;
  int revision = 0;
  std::string key;
  std::string body;
  std::int64_t now_wall_ms = 0;
};

struct SinkAnswer {
  enum class Kind { kDelivered, kRetry, kRefused };
  Kind kind = Kind::kRetry;
  std::string note;                 // receipt or reason
  std::int64_t retry_after_ms = 0;  // 0: the uploader's own backoff
};

class Sink {
 public:
  virtual ~Sink() = default;
  virtual const std::string& name() const = 0;
  virtual SinkAnswer deliver(const Delivery& delivery) = 0;  // may block on its own network or disk
};

}  // namespace sluice
