// ConditionWatch: what main sees of the connection and of the clock, said to the condition board. Main
// thread.
#pragma once

#include <cstdint>

#include "app/vitals.h"
#include "base/clock.h"
#include "intake/session.h"

namespace sluice {

class ConditionWatch {
 public:
  explicit ConditionWatch(Vitals& vitals) : vitals_(vitals) {}
  void look(const SessionStatus& session, Instant now);  // at each turn

 private:
  void look_for_rival(const SessionStatus& session, Instant now);
  Vitals& vitals_;
  std::uint64_t sessions_lost_ = 0;
  std::int64_t rival_boot_ms_ = 0;  // when we were last taken over; 0: never
};

}  // namespace sluice
