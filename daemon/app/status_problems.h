// What of a status is not as it should be, each with what a person can do about it. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "alert/alert_fold.h"
#include "api/status.h"
#include "base/clock.h"
#include "config/settings.h"
#include "model/alert_event.h"

namespace sluice {

// What the status itself does not tell.
struct ProblemFacts {
  const Settings& settings;
  Instant now;
  std::vector<std::int64_t> heard_boot_ms;  // by readings entry; 0: not since start
  std::vector<AlertEvent> standing;
  std::string journal_damage;
  bool starved = false;  // of heartbeats
  std::vector<CutWindow> cut_windows = {};
};

void add_problems(StatusSnapshot& status, const ProblemFacts& facts);

// From how long after subscribing silence on a readings entry is worth a word: a minute, or three times the
// longest `every` of the sensors that may come from it.
std::int64_t unheard_after_ms(const DecodeSettings& decode, const ReadingsEntry& entry);

}  // namespace sluice
