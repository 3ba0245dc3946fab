// SystemClock: the real Clock. Wall time from CLOCK_REALTIME, elapsed time from CLOCK_BOOTTIME, and whether
// the kernel says that its clock was set. Any thread.
#pragma once

#include "base/clock.h"

namespace sluice {

class SystemClock final : public Clock {
 public:
  SystemClock();
  Instant now() override;
  std::int64_t boot_us() override;
  bool synchronised() override;
  const std::string& boot_id() const override { return boot_id_; }

 private:
  std::string boot_id_;
};

}  // namespace sluice
