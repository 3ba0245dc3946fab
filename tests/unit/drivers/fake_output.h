// What a test hands to a driver: an output that keeps every sample and whose room the test sets, and a log
// that says nothing.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "drivers/driver.h"

namespace sluice::drivers {

class FakeOutput final : public Output {
 public:
  void push(Sample sample) override { samples.push_back(std::move(sample)); }
  bool has_room() const override { return samples.size() < room; }

  std::vector<Sample> samples;
  std::size_t room = SIZE_MAX;
};

// Only errors, of which a test that passes makes few.
inline Log quiet_log() {
  return Log(LogLevel::kError, Log::Style::kPlain);
}

}  // namespace sluice::drivers
